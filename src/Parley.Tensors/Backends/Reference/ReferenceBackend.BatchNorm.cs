namespace Parley.Tensors;

// Batch norm, channel by channel.
internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void BatchStatistics(Tensor x, int[]? lengths, Tensor statistics)
    {
        var values = Dense(x);
        for (var channel = 0; channel < x.Shape[1]; channel++)
        {
            double mean = 0, variance = 0, count = 0;
            foreach (var i in Places(x.Shape, channel, lengths))
            {
                mean += values[i];
                count++;
            }

            mean /= count;
            foreach (var i in Places(x.Shape, channel, lengths))
            {
                variance += (values[i] - mean) * (values[i] - mean) / count;
            }

            statistics.Pointer[channel] = (float)mean;
            statistics.Pointer[x.Shape[1] + channel] = (float)variance;
        }
    }

    /// <inheritdoc/>
    internal override void BatchNorm(Tensor x, Tensor statistics, Tensor? weight, Tensor? bias, float epsilon, int[]? lengths, Tensor y)
    {
        y.Span.Clear();
        for (var channel = 0; channel < x.Shape[1]; channel++)
        {
            var scale = (weight is null ? 1 : weight.Pointer[channel]) / Math.Sqrt((double)statistics.Pointer[x.Shape[1] + channel] + epsilon);
            foreach (var i in Places(x.Shape, channel, lengths))
            {
                y.Pointer[i] = (float)((((double)x.Pointer[i] - statistics.Pointer[channel]) * scale) + (bias is null ? 0 : bias.Pointer[channel]));
            }
        }
    }

    /// <inheritdoc/>
    internal override void BatchNormGradient(Tensor x, Tensor statistics, Tensor? weight, float epsilon, int[]? lengths, Tensor g, Tensor dx, Tensor dw, Tensor db)
    {
        dx.Span.Clear();
        for (var channel = 0; channel < x.Shape[1]; channel++)
        {
            double sum = 0, dot = 0, count = 0;
            var scale = 1 / Math.Sqrt((double)statistics.Pointer[x.Shape[1] + channel] + epsilon);
            double Normal(long i) => ((double)x.Pointer[i] - statistics.Pointer[channel]) * scale;
            foreach (var i in Places(x.Shape, channel, lengths))
            {
                (sum, dot, count) = (sum + g.Pointer[i], dot + (g.Pointer[i] * Normal(i)), count + 1);
            }

            foreach (var i in Places(x.Shape, channel, lengths))
            {
                dx.Pointer[i] = (float)((weight is null ? 1 : weight.Pointer[channel]) * scale * (g.Pointer[i] - (sum / count) - (Normal(i) * dot / count)));
            }

            (dw.Pointer[channel], db.Pointer[channel]) = ((float)dot, (float)sum);
        }
    }

    // Where the values of a channel lie that count.
    private static IEnumerable<long> Places(Shape shape, int channel, int[]? lengths)
    {
        var (time, each) = (shape[^1], shape.Count / shape[0] / shape[1]);
        for (var row = 0; row < shape[0]; row++)
        {
            for (long i = 0; i < each; i++)
            {
                if (lengths is null || i % time < lengths[row])
                {
                    yield return ((((long)row * shape[1]) + channel) * each) + i;
                }
            }
        }
    }
}
