namespace Parley.Text;

/// <summary>A phone, a character or a piece of a word with its place in the recording.</summary>
/// <param name="Text">Its name.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Probability">Mean posterior over its frames, 0 to 1; null: the model has none.</param>
public sealed record AlignedUnit(string Text, TimeSpan Start, TimeSpan End, double? Probability = null);
