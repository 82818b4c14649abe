namespace Parley.Decoding;

/// <summary>A word that symbols spell.</summary>
/// <param name="Text">Its letters.</param>
/// <param name="Start">Place of its first symbol.</param>
/// <param name="End">Place after its last.</param>
public sealed record SpelledWord(string Text, int Start, int End);
