namespace Parley.Tensors;

internal sealed unsafe partial class SimdBackend
{
    /// <summary>Results of so many floats do not stay in any cache; their rows, if no longer than this, are finished in the first level and written past the others.</summary>
    private const long StreamedFloats = 8 << 20;
    private const int StreamedRow = 8 << 10;

    /// <summary>Floats that are normalised before their activation: they stay in the first-level cache.</summary>
    private const long NormedFloats = 4 << 10;

    /// <inheritdoc/>
    internal override void Softmax(Tensor x, bool logarithm, Tensor y)
    {
        using var scope = new TensorScope();
        var from = x.Contiguous().Pointer;
        var to = y.Pointer;
        var length = y.Shape[^1];
        var streams = y.Count >= StreamedFloats && length <= StreamedRow;
        Rows(y.Count / length, length, row =>
        {
            var room = stackalloc float[streams ? length : 0];
            var target = to + (row * length);
            RowKernels.Softmax(from + (row * length), logarithm, streams ? room : target, target, length);
        });
    }

    /// <inheritdoc/>
    internal override void LayerNorm(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y)
    {
        using var scope = new TensorScope();
        var from = x.Contiguous().Pointer;
        var to = y.Pointer;
        var length = y.Shape[^1];
        var factors = Optional(weight);
        var terms = Optional(bias);
        Rows(y.Count / length, length, row => RowKernels.LayerNorm(from + (row * length), factors, terms, epsilon, to + (row * length), length));
    }

    /// <inheritdoc/>
    internal override void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor y)
    {
        using var scope = new TensorScope();
        var from = x.Contiguous().Pointer;
        var to = y.Pointer;
        var length = y.Shape[^1];
        var factors = Optional(weight);
        Rows(y.Count / length, length, row => RowKernels.RmsNorm(from + (row * length), factors, epsilon, to + (row * length), length));
    }

    /// <inheritdoc/>
    internal override void GroupNorm(Tensor x, int groups, Tensor? weight, Tensor? bias, float epsilon, Activation activation, Tensor y)
    {
        // Mean and squared deviations of each channel on its own, put together per group, so that one large group uses every core too.
        using var scope = new TensorScope();
        var from = x.Contiguous().Pointer;
        var to = y.Pointer;
        var (batch, channels, time) = (y.Shape[0], y.Shape[1], y.Count / ((long)y.Shape[0] * y.Shape[1]));
        var factors = Optional(weight);
        var terms = Optional(bias);
        var (means, squares) = (new double[batch * channels], new double[batch * channels]);
        var size = channels / groups;
        Rows(batch * channels, time, row =>
        {
            var origin = from[row * time];
            means[row] = origin + (RowKernels.Sum(from + (row * time), origin, time) / time);
            var center = (float)means[row];
            var shift = means[row] - center;
            squares[row] = RowKernels.SquareSum(from + (row * time), center, time) - (time * shift * shift);
            if (size == 1)
            {
                Finish(row);
            }
        });
        if (size > 1)
        {
            Rows(batch * channels, time, Finish);
        }

        void Finish(long row)
        {
            var first = row / size * size;
            double mean = 0, variance = 0;
            for (var c = first; c < first + size; c++)
            {
                mean += means[c] / size;
            }

            for (var c = first; c < first + size; c++)
            {
                variance += ((squares[c] / time) + ((means[c] - mean) * (means[c] - mean))) / size;
            }

            var channel = row % channels;
            var scale = (factors is null ? 1.0 : factors[channel]) / Math.Sqrt(variance + epsilon);
            var center = (float)mean;
            var shift = (terms is null ? 0.0 : terms[channel]) - ((mean - center) * scale);
            for (long i = 0; i < time; i += NormedFloats)
            {
                var (at, count) = ((row * time) + i, Math.Min(NormedFloats, time - i));
                RowKernels.Center(from + at, center, (float)scale, (float)shift, to + at, count);
                ActivationKernel.Apply(activation, to + at, count);
            }
        }
    }

    /// <inheritdoc/>
    internal override void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor y)
    {
        using var scope = new TensorScope();
        var source = table.Strides[^1] == 1 || table.Shape[1] == 1 ? table : table.Contiguous();
        var (step, length) = (source.Strides[0], table.Shape[1]);
        var from = source.Pointer;
        var to = y.Pointer;
        for (var i = 0; i < ids.Length; i++)
        {
            Buffer.MemoryCopy(from + (ids[i] * step), to + ((long)i * length), length * sizeof(float), length * sizeof(float));
        }
    }

    private static float* Optional(Tensor? values) => values is null ? null : values.Contiguous().Pointer;

    /// <summary>Runs rows of <paramref name="length"/> values, some to a piece.</summary>
    private void Rows(long rows, long length, Action<long> work) => Pieces(rows, Math.Max(1, DearPiece / Math.Max(1, length)), (start, count) =>
    {
        for (var row = start; row < start + count; row++)
        {
            work(row);
        }
    });
}
