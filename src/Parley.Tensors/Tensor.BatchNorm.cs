namespace Parley.Tensors;

// Batch norm on the statistics of the batch itself.
public sealed unsafe partial class Tensor
{
    /// <summary>(x − mean) / √(variance + ε) of each channel of this [batch, channels, …, time] over batch and positions, times weight plus bias [channels].</summary>
    /// <remarks>Ioffe and Szegedy 2015, arXiv 1502.03167; only over valid frames with lengths (Laurent et al. 2016, arXiv 1510.01378).</remarks>
    /// <param name="weight">[channels], or null.</param>
    /// <param name="bias">[channels], or null.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="lengths">Frames of each example along the last dimension: later ones do not count, and their result is zero; null: all.</param>
    /// <param name="statistics">Mean and variance (divided by the count) of each channel, [2, channels].</param>
    public Tensor BatchNorm(Tensor? weight, Tensor? bias, float epsilon, IReadOnlyList<int>? lengths, out Tensor statistics)
    {
        if (Shape.Rank < 3)
        {
            throw new ShapeException($"batch norm: {Shape} is not [batch, channels, ..., time]");
        }

        if (lengths is not null && (lengths.Count != Shape[0] || lengths.Any(n => n < 0 || n > Shape[^1])))
        {
            throw new ArgumentException($"batch norm: lengths [{string.Join(", ", lengths)}] do not fit x {Shape}", nameof(lengths));
        }

        NeedsVector("batch norm", "weight", weight, Shape[1]);
        NeedsVector("batch norm", "bias", bias, Shape[1]);
        if (Count == 0 || (lengths is not null && lengths.All(n => n == 0)))
        {
            throw new ShapeException($"batch norm: {Shape} has no frame to take statistics of");
        }

        var (x, valid) = (Contiguous(), lengths?.ToArray());
        var moments = Empty([2, Shape[1]], Backend);
        Backend.BatchStatistics(x.StopGradient(), valid, moments);
        statistics = moments;
        return Record(
            "batch norm",
            Backend,
            Shape,
            y => Backend.BatchNorm(x, moments, weight?.Contiguous(), bias?.Contiguous(), epsilon, valid, y),
            [x, weight, bias, moments],
            Saves.Inputs,
            (g, _) =>
            {
                var (dx, dw, db) = (Empty(Shape, Backend), Empty([Shape[1]], Backend), Empty([Shape[1]], Backend));
                Backend.BatchNormGradient(x, moments, weight?.Contiguous(), epsilon, valid, g.Contiguous(), dx, dw, db);
                return [dx, weight is null ? null : dw, bias is null ? null : db, null];
            });
    }
}
