namespace Parley.Decoding;

/// <summary>A word or phrase that a search shall prefer.</summary>
/// <param name="Text">One word or more; upper and lower case count alike.</param>
/// <param name="Weight">Added to the score (natural logarithm) of a reading for each time it is there as whole words; negative to avoid it.</param>
public sealed record Hotword(string Text, double Weight = 5);
