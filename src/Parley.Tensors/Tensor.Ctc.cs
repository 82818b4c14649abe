namespace Parley.Tensors;

// Connectionist temporal classification.
public sealed unsafe partial class Tensor
{
    /// <summary>−ln of the probability that frames spell a target, summed over all ways to do so: [batch] of these logits [batch, frames, symbols].</summary>
    /// <remarks>Graves et al. 2006, §4.1. +∞, with no gradient, where so many frames cannot spell the target.</remarks>
    /// <param name="frames">Valid frames of each utterance.</param>
    /// <param name="targets">Symbols of each, without blanks.</param>
    /// <param name="blank">Id of the blank.</param>
    public Tensor CtcLoss(IReadOnlyList<int> frames, IReadOnlyList<int[]> targets, int blank)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(targets);
        if (Shape.Rank != 3 || frames.Count != Shape[0] || targets.Count != Shape[0])
        {
            throw new ShapeException($"ctc: logits {Shape} are not [batch, frames, symbols] for {frames.Count} lengths and {targets.Count} targets");
        }

        if ((uint)blank >= (uint)Shape[2])
        {
            throw new ArgumentOutOfRangeException(nameof(blank), blank, $"ctc: the blank is outside 0..{Shape[2] - 1}");
        }

        for (var i = 0; i < frames.Count; i++)
        {
            if (frames[i] < 0 || frames[i] > Shape[1])
            {
                throw new ShapeException($"ctc: utterance {i} has {frames[i]} frames; logits are {Shape}");
            }

            foreach (var id in targets[i])
            {
                if ((uint)id >= (uint)Shape[2] || id == blank)
                {
                    throw new ArgumentOutOfRangeException(nameof(targets), id, $"ctc: target symbol {id} of utterance {i} is the blank or outside 0..{Shape[2] - 1}");
                }
            }
        }

        var gradient = Autograd.Records([this]) ? Empty(Shape, Backend) : null;
        int[] lengths = [.. frames];
        int[][] symbols = [.. targets];
        return Record("ctc", Backend, [Shape[0]], y => Backend.Ctc(this, lengths, symbols, blank, y, gradient), [this, gradient], Saves.Inputs, (g, _) =>
            [gradient! * g.Reshape(-1, 1, 1), null]);
    }
}
