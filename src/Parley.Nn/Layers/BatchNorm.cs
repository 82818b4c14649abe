using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Batch norm of channels: on stored statistics, or in training on those of the batch, which the stored ones then follow.</summary>
/// <remarks>
/// Ioffe and Szegedy 2015, arXiv 1502.03167. A layer whose weight is frozen stays on its stored statistics in training too. With lengths,
/// frames past the end of an utterance do not count (sequence-wise: Laurent et al. 2016, arXiv 1510.01378), and their result is zero.
/// </remarks>
public sealed class BatchNorm
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly Tensor _mean;
    private readonly Tensor _variance;
    private readonly float _epsilon;
    private readonly float _momentum;

    /// <summary>Reads <c>weight</c>, <c>bias</c>, <c>running_mean</c> and <c>running_var</c> [channels].</summary>
    /// <param name="w">Where the parameters are.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="momentum">How much of the stored statistics each training pass replaces.</param>
    public BatchNorm(Weights w, int channels, float epsilon = 1e-5f, float momentum = 0.1f)
    {
        ArgumentNullException.ThrowIfNull(w);
        _weight = w.Get("weight", [channels], Init.Ones);
        _bias = w.Get("bias", [channels]);
        _mean = w.Buffer("running_mean", [channels]);
        _variance = w.Buffer("running_var", [channels], Init.Ones);
        w.Ignore("num_batches_tracked");
        (_epsilon, _momentum) = (epsilon, momentum);
    }

    /// <summary>Applies the layer to x [batch, channels, …, time].</summary>
    /// <param name="x">[batch, channels, time] or [batch, channels, height, time].</param>
    /// <param name="pass">In training: statistics of this batch, and the stored ones move towards them.</param>
    /// <param name="lengths">Frames of each example; null: all.</param>
    public Tensor Forward(Tensor x, TrainingPass? pass = null, IReadOnlyList<int>? lengths = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (pass is not null && _weight.IsParameter)
        {
            var y = x.BatchNorm(_weight, _bias, _epsilon, lengths, out var statistics);
            Follow(statistics, x.Shape, lengths);
            return y;
        }

        int[] channels = [_weight.Shape[0], .. Enumerable.Repeat(1, x.Shape.Rank - 2)];
        var factor = _weight / (_variance + _epsilon).Sqrt();
        var shift = _bias - (_mean * factor);
        var z = (x * factor.Reshape(channels)) + shift.Reshape(channels);
        return lengths is null ? z : z * Valid(x, lengths);
    }

    // The stored variance divides by one less than the count.
    private void Follow(Tensor statistics, Shape shape, IReadOnlyList<int>? lengths)
    {
        var frames = lengths is null ? (double)shape[0] * shape[^1] : lengths.Sum(n => (double)n);
        var count = shape.Count / shape[0] / shape[1] / shape[^1] * frames;
        var (moments, channels) = (statistics.ToArray(), shape[1]);
        _mean.Fill(mean => Move(mean, moments.AsSpan(0, channels), 1));
        _variance.Fill(variance => Move(variance, moments.AsSpan(channels), count / Math.Max(count - 1, 1)));
    }

    private void Move(Span<float> stored, ReadOnlySpan<float> current, double factor)
    {
        for (var i = 0; i < stored.Length; i++)
        {
            stored[i] = (float)(((1 - (double)_momentum) * stored[i]) + (_momentum * factor * current[i]));
        }
    }

    private static Tensor Valid(Tensor x, IReadOnlyList<int> lengths)
    {
        var (batch, time) = (x.Shape[0], x.Shape[^1]);
        var mask = new float[batch * time];
        for (var row = 0; row < batch; row++)
        {
            mask.AsSpan(row * time, lengths[row]).Fill(1);
        }

        int[] dims = [batch, .. Enumerable.Repeat(1, x.Shape.Rank - 2), time];
        return Tensor.From(mask, Shape.Create(dims), x.Backend);
    }
}
