namespace Parley.Tensors;

// Batch norm: a piece is a channel, which it reads row by row.
internal sealed unsafe partial class SimdBackend
{
    /// <inheritdoc/>
    internal override void BatchStatistics(Tensor x, int[]? lengths, Tensor statistics)
    {
        var (from, to, rows) = ((nint)x.Pointer, (nint)statistics.Pointer, new ChannelRows(x.Shape, lengths));
        Workers.Run(rows.Channels, channel =>
        {
            // Summed from a first value on, the mean of equal values is exact.
            double sum = 0, square = 0;
            var first = rows.First((float*)from, channel);
            for (var row = 0; row < rows.Count; row++)
            {
                sum += RowKernels.Sum((float*)from + rows.Start(row, channel), first, rows.Length(row));
            }

            var mean = first + (sum / rows.Values);
            var center = (float)mean;
            for (var row = 0; row < rows.Count; row++)
            {
                square += RowKernels.SquareSum((float*)from + rows.Start(row, channel), center, rows.Length(row));
            }

            ((float*)to)[channel] = center;
            ((float*)to)[rows.Channels + channel] = (float)Math.Max(0, (square / rows.Values) - ((mean - center) * (mean - center)));
        });
    }

    /// <inheritdoc/>
    internal override void BatchNorm(Tensor x, Tensor statistics, Tensor? weight, Tensor? bias, float epsilon, int[]? lengths, Tensor y)
    {
        var (from, to, moments, rows) = ((nint)x.Pointer, (nint)y.Pointer, (nint)statistics.Pointer, new ChannelRows(x.Shape, lengths));
        var (factors, terms) = ((nint)Optional(weight), (nint)Optional(bias));
        Workers.Run(rows.Channels, channel =>
        {
            var scale = Scale((float*)moments, rows.Channels, channel, epsilon) * (factors == 0 ? 1 : ((float*)factors)[channel]);
            for (var row = 0; row < rows.Count; row++)
            {
                var start = rows.Start(row, channel);
                RowKernels.Center((float*)from + start, ((float*)moments)[channel], (float)scale, terms == 0 ? 0 : ((float*)terms)[channel], (float*)to + start, rows.Length(row));
                new Span<float>((float*)to + start + rows.Length(row), rows.Width - rows.Length(row)).Clear();
            }
        });
    }

    /// <inheritdoc/>
    internal override void BatchNormGradient(Tensor x, Tensor statistics, Tensor? weight, float epsilon, int[]? lengths, Tensor g, Tensor dx, Tensor dw, Tensor db)
    {
        var (from, to, moments, rows) = ((nint)x.Pointer, (nint)dx.Pointer, (nint)statistics.Pointer, new ChannelRows(x.Shape, lengths));
        var (gradients, factors, dFactors, dTerms) = ((nint)g.Pointer, (nint)Optional(weight), (nint)dw.Pointer, (nint)db.Pointer);
        Workers.Run(rows.Channels, channel =>
        {
            double sum = 0, dot = 0;
            var (mean, scale) = (((float*)moments)[channel], Scale((float*)moments, rows.Channels, channel, epsilon));
            for (var row = 0; row < rows.Count; row++)
            {
                var start = rows.Start(row, channel);
                sum += RowKernels.Sum((float*)gradients + start, rows.Length(row));
                dot += RowKernels.CenteredDot((float*)gradients + start, (float*)from + start, mean, rows.Length(row));
            }

            // dx = w s (g − Σg / n − (x − mean) s² Σ g (x − mean) / n)
            var factor = scale * (factors == 0 ? 1 : ((float*)factors)[channel]);
            var (slope, term) = (-factor * scale * scale * dot / rows.Values, -factor * sum / rows.Values);
            for (var row = 0; row < rows.Count; row++)
            {
                var start = rows.Start(row, channel);
                RowKernels.Combine((float*)gradients + start, (float)factor, (float*)from + start, mean, (float)slope, (float)term, (float*)to + start, rows.Length(row));
                new Span<float>((float*)to + start + rows.Length(row), rows.Width - rows.Length(row)).Clear();
            }

            ((float*)dFactors)[channel] = (float)(dot * scale);
            ((float*)dTerms)[channel] = (float)sum;
        });
    }

    private static double Scale(float* moments, int channels, int channel, float epsilon) => 1 / Math.Sqrt((double)moments[channels + channel] + epsilon);

    /// <summary>The contiguous runs of one channel of [batch, channels, …, time]: whole examples, or with lengths the frames of each row that count.</summary>
    private sealed class ChannelRows
    {
        private readonly int[]? _lengths;
        private readonly int _perExample;

        internal ChannelRows(Shape shape, int[]? lengths)
        {
            var each = checked((int)(shape.Count / shape[0] / shape[1]));
            (Channels, _lengths, Width) = (shape[1], lengths, lengths is null ? each : shape[^1]);
            _perExample = each / Width;
            Count = shape[0] * _perExample;
            Values = lengths is null ? (double)shape[0] * each : (double)_perExample * lengths.Sum(n => (long)n);
        }

        internal int Channels { get; }

        /// <summary>Rows of a channel.</summary>
        internal int Count { get; }

        /// <summary>Floats of a row, those that do not count included.</summary>
        internal int Width { get; }

        /// <summary>Values of a channel that count.</summary>
        internal double Values { get; }

        internal int Length(int row) => _lengths is null ? Width : _lengths[row / _perExample];

        internal long Start(int row, int channel) => ((((long)(row / _perExample) * Channels) + channel) * _perExample + (row % _perExample)) * Width;

        /// <summary>The first value that counts.</summary>
        internal float First(float* x, int channel)
        {
            var row = 0;
            while (Length(row) == 0)
            {
                row++;
            }

            return x[Start(row, channel)];
        }
    }
}
