namespace Parley.Text;

/// <summary>A character or word of a CTC transcript with the frames it was read from.</summary>
/// <param name="Text">The character or word.</param>
/// <param name="Start">Its first frame.</param>
/// <param name="End">The frame after its last.</param>
public sealed record CtcSpan(string Text, int Start, int End);
