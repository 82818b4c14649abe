using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Cross entropy of classes: the mean over targets of −ln p(target), optionally smoothed (Szegedy et al. 2016, arXiv 1512.00567, §7).</summary>
/// <remarks>As <c>torch.nn.functional.cross_entropy</c> with mean reduction. Loss and gradient are computed together.</remarks>
public static class CrossEntropy
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
        var classes = Check(logits, targets, smoothing);
        var value = 0.0;
        var gradient = TensorScope.Run(() => Gradient(logits.StopGradient().Reshape(-1, classes), targets, smoothing, out value));
        return Tensor.Loss("cross entropy", (float)value, logits, gradient.Reshape(logits.Shape.Dims));
    }

    private static Tensor Gradient(Tensor logits, IntTensor targets, float smoothing, out double value)
    {
        var (rows, classes) = (logits.Shape[0], logits.Shape[1]);
        var ids = targets.Values.ToArray();
        var each = 1f / Math.Max(1, ids.Count(id => id >= 0));
        var weights = Tensor.From([.. ids.Select(id => id < 0 ? 0f : each)], [rows, 1], logits.Backend);
        var logProbs = logits.LogSoftmax();
        value = smoothing == 0 ? 0 : -smoothing * (double)(logProbs.Mean(-1, keepDims: true) * weights).Sum().Scalar;
        for (var i = 0; i < rows; i++)
        {
            value -= ids[i] < 0 ? 0 : (1 - smoothing) * (double)each * logProbs.Values[(i * classes) + ids[i]];
        }

        // softmax − target, over the number of targets; rows that do not count give nothing.
        var gradient = (logProbs.Exp() - (smoothing / classes)) * weights;
        gradient.Fill(all =>
        {
            for (var i = 0; i < ids.Length; i++)
            {
                if (ids[i] >= 0)
                {
                    all[(i * classes) + ids[i]] -= (1 - smoothing) * each;
                }
            }
        });
        return gradient;
    }

    private static int Check(Tensor logits, IntTensor targets, float smoothing)
    {
        if (logits.Shape.Rank < 1 || Shape.Create(logits.Shape.Dims[..^1]) != targets.Shape)
        {
            throw new ShapeException($"cross entropy: logits {logits.Shape} do not fit targets {targets.Shape}; they are the targets' shape and the classes");
        }

        if (smoothing is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(smoothing), smoothing, "cross entropy: smoothing must be at least 0 and below 1");
        }

        var classes = logits.Shape[^1];
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
