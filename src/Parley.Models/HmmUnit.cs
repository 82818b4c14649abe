using System.Text.Json.Serialization;

namespace Parley.Models;

/// <summary>A left-to-right model of a piece of speech: states that are passed in order, each for one frame or more.</summary>
/// <param name="Phone">What it stands for: a phone, a word, or silence; two units may stand for the same.</param>
/// <param name="States">Its states.</param>
public sealed record HmmUnit([property: JsonPropertyName("phone")] string Phone, [property: JsonPropertyName("states")] int States);
