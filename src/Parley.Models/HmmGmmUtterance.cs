namespace Parley.Models;

/// <summary>A recording to train on.</summary>
/// <param name="Where">What to call it in messages: manifest and line.</param>
/// <param name="Text">Its words, separated by blanks.</param>
/// <param name="Load">Gives its samples: mono, 16 kHz, ±1; called once, on any thread.</param>
public sealed record HmmGmmUtterance(string Where, string Text, Func<ReadOnlyMemory<float>> Load);
