using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Cross entropy of classes: the mean over targets of −ln p(target), optionally smoothed (Szegedy et al. 2016, arXiv 1512.00567, §7).</summary>
/// <remarks>As <c>torch.nn.functional.cross_entropy</c> with mean reduction. Loss and gradient are computed together.</remarks>
public static unsafe class CrossEntropy
{
    /// <summary>Mean loss over all targets that count.</summary>
    /// <param name="logits">Scores […, classes].</param>
    /// <param name="targets">Class of each […]; negative: does not count.</param>
    /// <param name="smoothing">Share of each target's probability that is spread over all classes, 0 up to 1.</param>
    /// <returns>[]; 0 when no target counts.</returns>
    public static Tensor Compute(Tensor logits, IntTensor targets, float smoothing = 0)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        var classes = Check(logits.Shape, targets, smoothing);
        var scores = logits.StopGradient().Contiguous();
        var gradient = logits.NeedsGradient && !Autograd.IsPaused ? Tensor.Empty(logits.Shape, logits.Backend) : null;
        var value = (float)CrossEntropyRows.Run(scores.Pointer, targets.Values, classes, smoothing, gradient is null ? null : gradient.Pointer, logits.Backend.Workers);
        GC.KeepAlive(scores);
        return gradient is null ? Tensor.From([value], [], logits.Backend) : Tensor.Loss("cross entropy", value, logits.Backend, (logits, gradient));
    }

    /// <summary>The same of plain memory.</summary>
    /// <param name="logits">Scores [targets, classes].</param>
    /// <param name="targets">Class of each; negative: does not count.</param>
    /// <param name="gradient">Receives ∂loss/∂logits, 0 where a target does not count. It may be the logits' own memory; empty: not wanted.</param>
    /// <param name="smoothing">Share of each target's probability that is spread over all classes, 0 up to 1.</param>
    /// <param name="workers">Threads; default: those of the process.</param>
    /// <returns>0 when no target counts.</returns>
    public static double Compute(ReadOnlySpan<float> logits, ReadOnlySpan<int> targets, Span<float> gradient, float smoothing = 0, Workers? workers = null)
    {
        if (targets.Length == 0 ? logits.Length != 0 : logits.Length % targets.Length != 0)
        {
            throw new ShapeException($"cross entropy: {logits.Length} logits are no whole rows for {targets.Length} targets");
        }

        if (gradient.Length != 0 && (gradient.Length != logits.Length || (logits.Overlaps(gradient, out var offset) && offset != 0)))
        {
            throw new ArgumentException($"cross entropy: the gradient needs memory as large as the logits, {logits.Length}, and may be theirs but not shifted in it; it has {gradient.Length}");
        }

        var classes = targets.Length == 0 ? 0 : logits.Length / targets.Length;
        Check([targets.Length, classes], new IntTensor(targets.ToArray(), [targets.Length]), smoothing);
        fixed (float* x = logits, y = gradient)
        {
            return CrossEntropyRows.Run(x, targets, classes, smoothing, y, workers ?? Workers.Shared);
        }
    }

    private static int Check(Shape logits, IntTensor targets, float smoothing)
    {
        if (logits.Rank < 1 || Shape.Create(logits.Dims[..^1]) != targets.Shape)
        {
            throw new ShapeException($"cross entropy: logits {logits} do not fit targets {targets.Shape}; they are the targets' shape and the classes");
        }

        if (smoothing is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(smoothing), smoothing, "cross entropy: smoothing must be at least 0 and below 1");
        }

        var classes = logits[^1];
        foreach (var id in targets.Values)
        {
            if (id >= classes)
            {
                throw new ArgumentOutOfRangeException(nameof(targets), id, $"cross entropy: target {id} is outside 0..{classes - 1}");
            }
        }

        return classes;
    }
}
