using System.Text.Json.Serialization;

namespace Parley.Models;

/// <summary>One pronunciation of a word; a word with several has several entries.</summary>
/// <param name="Text">As it is written.</param>
/// <param name="Units">Its units, in order.</param>
public sealed record HmmWord([property: JsonPropertyName("word")] string Text, [property: JsonPropertyName("units")] int[] Units);
