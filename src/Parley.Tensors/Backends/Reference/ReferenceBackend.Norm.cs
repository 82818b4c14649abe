namespace Parley.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void Reduce(ReduceOp op, Tensor x, int axis, Tensor y)
    {
        var values = Dense(x.Transpose(axis, -1));
        var length = x.Shape[axis];

        // y has size 1 at the axis, so swapping the axis to the end keeps y's memory in step with the rows.
        var target = y.Transpose(axis, -1);
        var index = new int[target.Shape.Rank];
        for (var row = 0; row < y.Count; row++)
        {
            var of = values.AsSpan(row * length, length);
            var result = op == ReduceOp.Max ? double.NegativeInfinity : 0.0;
            foreach (var value in of)
            {
                result = op == ReduceOp.Max ? Math.Max(result, value) : result + value;
            }

            target.Pointer[Offset(index, target.Strides)] = (float)(op == ReduceOp.Mean ? result / length : result);
            Advance(index, target.Shape);
        }
    }

    /// <inheritdoc/>
    internal override void ArgMax(Tensor x, Span<int> y)
    {
        var (values, length) = (Dense(x), x.Shape[^1]);
        for (var row = 0; row < y.Length; row++)
        {
            var best = 0;
            for (var i = 1; i < length; i++)
            {
                var (value, top) = (values[(row * length) + i], values[(row * length) + best]);
                best = !double.IsNaN(top) && (value > top || double.IsNaN(value)) ? i : best;
            }

            y[row] = best;
        }
    }

    /// <inheritdoc/>
    internal override void Softmax(Tensor x, bool logarithm, Tensor y)
    {
        var (values, length) = (Dense(x), x.Shape[^1]);
        for (var row = 0; row < values.Length; row += length)
        {
            var of = values.AsSpan(row, length);
            var top = double.NegativeInfinity;
            foreach (var value in of)
            {
                top = Math.Max(top, value);
            }

            double sum = 0;
            foreach (var value in of)
            {
                sum += Math.Exp(value - top);
            }

            for (var i = 0; i < length; i++)
            {
                y.Pointer[row + i] = double.IsNegativeInfinity(top)
                    ? logarithm ? float.NegativeInfinity : 0f
                    : (float)(logarithm ? of[i] - top - Math.Log(sum) : Math.Exp(of[i] - top) / sum);
            }
        }
    }

    /// <inheritdoc/>
    internal override void LayerNorm(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y)
    {
        var (values, length) = (Dense(x), x.Shape[^1]);
        var (factors, terms) = (weight is null ? null : Dense(weight), bias is null ? null : Dense(bias));
        for (var row = 0; row < values.Length; row += length)
        {
            var (mean, variance) = Moments(values.AsSpan(row, length));
            for (var i = 0; i < length; i++)
            {
                var value = (values[row + i] - mean) / Math.Sqrt(variance + epsilon);
                y.Pointer[row + i] = (float)((value * (factors?[i] ?? 1)) + (terms?[i] ?? 0));
            }
        }
    }

    /// <inheritdoc/>
    internal override void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor y)
    {
        var (values, factors, length) = (Dense(x), Dense(weight), x.Shape[^1]);
        for (var row = 0; row < values.Length; row += length)
        {
            double square = 0;
            foreach (var value in values.AsSpan(row, length))
            {
                square += value * value / length;
            }

            for (var i = 0; i < length; i++)
            {
                y.Pointer[row + i] = (float)(values[row + i] / Math.Sqrt(square + epsilon) * factors[i]);
            }
        }
    }

    /// <inheritdoc/>
    internal override void GroupNorm(Tensor x, int groups, Tensor? weight, Tensor? bias, float epsilon, Activation activation, Tensor y)
    {
        var (values, channels) = (Dense(x), x.Shape[1]);
        var (factors, terms) = (weight is null ? null : Dense(weight), bias is null ? null : Dense(bias));
        var time = values.Length / (x.Shape[0] * channels);
        var size = channels / groups * time;
        for (var group = 0; group < values.Length; group += size)
        {
            var (mean, variance) = Moments(values.AsSpan(group, size));
            for (var i = group; i < group + size; i++)
            {
                var channel = i / time % channels;
                var value = (values[i] - mean) / Math.Sqrt(variance + epsilon);
                y.Pointer[i] = (float)Activate(activation, (value * (factors?[channel] ?? 1)) + (terms?[channel] ?? 0));
            }
        }
    }

    private static (double Mean, double Variance) Moments(ReadOnlySpan<double> values)
    {
        double mean = 0, variance = 0;
        foreach (var value in values)
        {
            mean += value / values.Length;
        }

        foreach (var value in values)
        {
            variance += (value - mean) * (value - mean) / values.Length;
        }

        return (mean, variance);
    }
}
