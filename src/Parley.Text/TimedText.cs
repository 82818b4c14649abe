namespace Parley.Text;

/// <summary>Text between two timestamp tokens.</summary>
/// <param name="Text">The text as decoded.</param>
/// <param name="Start">Time of the timestamp in front.</param>
/// <param name="End">Time of the timestamp behind.</param>
public sealed record TimedText(string Text, TimeSpan Start, TimeSpan End);
