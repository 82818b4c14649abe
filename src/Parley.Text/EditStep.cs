namespace Parley.Text;

/// <summary>One step of an alignment.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Reference">The word or character of the reference, or null for an insertion.</param>
/// <param name="Hypothesis">The word or character of the hypothesis, or null for a deletion.</param>
public sealed record EditStep(EditKind Kind, string? Reference, string? Hypothesis);
