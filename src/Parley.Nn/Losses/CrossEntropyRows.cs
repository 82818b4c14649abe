using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Cross entropy and its gradient in one pass over the scores.</summary>
internal static unsafe class CrossEntropyRows
{
    private const int ScoresPerPiece = 1 << 16;

    /// <summary>Mean loss over targets that are not negative; the gradient, which may take the logits' place, is not computed when it is null.</summary>
    internal static double Run(float* logits, ReadOnlySpan<int> targets, int classes, float smoothing, float* gradient, Workers workers)
    {
        var ids = targets.ToArray();
        var each = 1f / Math.Max(1, ids.Count(id => id >= 0));
        var rows = Math.Max(1, ScoresPerPiece / Math.Max(1, classes));
        var parts = new double[(ids.Length + rows - 1) / rows];
        var (x, y) = ((nint)logits, (nint)gradient);
        workers.Run(parts.Length, piece =>
        {
            for (var i = piece * rows; i < Math.Min((piece + 1) * rows, ids.Length); i++)
            {
                var at = (long)i * classes;
                parts[piece] += Row((float*)x + at, ids[i], classes, smoothing, y == 0 ? null : (float*)y + at, each);
            }
        });
        return parts.Sum() * each;
    }

    private static double Row(float* x, int target, int classes, float smoothing, float* y, float weight)
    {
        if (target < 0)
        {
            if (y is not null)
            {
                new Span<float>(y, classes).Clear();
            }

            return 0;
        }

        // What is needed of the scores, before the gradient takes their place.
        var (own, mean) = (x[target], smoothing == 0 ? 0 : RowKernels.Sum(x, classes) / classes);
        var (largest, sum) = LossRows.Exponentials(x, y, classes);
        var loss = largest + Math.Log(sum) - ((1 - (double)smoothing) * own) - (smoothing * mean);
        if (y is not null)
        {
            RowKernels.Affine(y, (float)(weight / sum), -weight * smoothing / classes, y, classes);
            y[target] -= (1 - smoothing) * weight;
        }

        return loss;
    }
}
