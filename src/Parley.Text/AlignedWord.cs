namespace Parley.Text;

/// <summary>A word of a known text with its place in the recording.</summary>
/// <param name="Text">As the text has it.</param>
/// <param name="Line">Its line in the text, from 1.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Units">Its phones or symbols.</param>
/// <param name="Probability">Mean posterior of its symbols, 0 to 1; null: the model has none.</param>
public sealed record AlignedWord(string Text, int Line, TimeSpan Start, TimeSpan End, IReadOnlyList<AlignedUnit> Units, double? Probability = null);
