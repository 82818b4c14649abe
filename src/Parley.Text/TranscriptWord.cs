namespace Parley.Text;

/// <summary>One word of a transcript with its time and confidence.</summary>
/// <param name="Text">The word as decoded, with its leading space and attached punctuation.</param>
/// <param name="Start">Where the word begins in the recording.</param>
/// <param name="End">Where the word ends in the recording.</param>
/// <param name="Probability">Mean probability of the word's tokens, 0 to 1.</param>
public sealed record TranscriptWord(string Text, TimeSpan Start, TimeSpan End, double Probability);
