namespace Parley.Text;

/// <summary>What was said in one recording.</summary>
/// <param name="Text">The whole text.</param>
/// <param name="Language">Language code such as "en", or null if the model knows none.</param>
/// <param name="Segments">The text in pieces with times, in order.</param>
/// <param name="Duration">Length of the recording.</param>
public sealed record Transcript(string Text, string? Language, IReadOnlyList<TranscriptSegment> Segments, TimeSpan Duration);
