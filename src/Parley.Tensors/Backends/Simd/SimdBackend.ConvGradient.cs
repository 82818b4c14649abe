namespace Parley.Tensors;

// Gradients of convolutions: the input as a matrix of what each tap reads, then one matrix product.
internal sealed unsafe partial class SimdBackend
{
    private const int DepthwiseOutputs = 8;

    /// <inheritdoc/>
    internal override void Conv1dWeightGradient(Tensor x, Tensor g, Conv1dOptions options, Tensor dw)
    {
        using var scope = new TensorScope();
        if (options.Groups == x.Shape[1] && options.Stride == 1)
        {
            DepthwiseWeightGradient(x.Contiguous(), g.Contiguous(), options, dw);
            return;
        }

        var plan = new Conv2dOptions(1, options.Stride, 0, options.PadLeft, 1, options.Dilation, options.Groups);
        WeightGradient(x.Contiguous().Unsqueeze(2), g.Contiguous().Unsqueeze(2), plan, dw.Unsqueeze(2));
    }

    /// <inheritdoc/>
    internal override void Conv2dWeightGradient(Tensor x, Tensor g, Conv2dOptions options, Tensor dw)
    {
        using var scope = new TensorScope();
        if (DepthwiseGradient.Suits(options, x.Shape))
        {
            DepthwiseWeightGradient2d(x.Contiguous(), g.Contiguous(), options, dw);
            return;
        }

        WeightGradient(x.Contiguous(), g.Contiguous(), options, dw);
    }

    private void DepthwiseWeightGradient2d(Tensor x, Tensor g, Conv2dOptions o, Tensor dw)
    {
        var (batch, channels, plane, outPlane) = (x.Shape[0], x.Shape[1], (long)x.Shape[2] * x.Shape[3], (long)g.Shape[2] * g.Shape[3]);
        var (each, taps) = (dw.Shape[0] / channels, dw.Shape[2] * dw.Shape[3]);
        var from = x.Pointer;
        var gradients = g.Pointer;
        var to = dw.Pointer;
        var kernel = new DepthwiseGradient(o, x.Shape, g.Shape, dw.Shape);
        var bytes = Math.Max(1L, kernel.Room) * sizeof(float);

        // Channels in parallel and, where one has many results (the first convolution of a picture has one channel), these in parts.
        var parts = (each + DepthwiseOutputs - 1) / DepthwiseOutputs;
        Workers.Run(checked(channels * parts), piece =>
        {
            var (c, part) = Math.DivRem(piece, parts);
            var (first, end) = ((c * each) + (part * DepthwiseOutputs), (c * each) + Math.Min(each, (part + 1) * DepthwiseOutputs));
            var room = (float*)MemoryPool.Rent(bytes);
            new Span<float>(to + ((long)first * taps), (end - first) * taps).Clear();
            for (var n = 0; n < batch; n++)
            {
                kernel.Split(from + ((((long)n * channels) + c) * plane), room);
                for (var output = first; output < end; output++)
                {
                    kernel.Weight(room, gradients + ((((long)n * channels * each) + output) * outPlane), to + ((long)output * taps));
                }
            }

            MemoryPool.Return((nint)room, bytes);
        });
    }

    private void DepthwiseInputGradient(Tensor weight, Tensor g, Conv2dOptions o, Tensor dx)
    {
        var (batch, channels, plane, outPlane) = (dx.Shape[0], dx.Shape[1], (long)dx.Shape[2] * dx.Shape[3], (long)g.Shape[2] * g.Shape[3]);
        var (each, taps) = (weight.Shape[0] / channels, weight.Shape[2] * weight.Shape[3]);
        var kernels = weight.Pointer;
        var gradients = g.Pointer;
        var to = dx.Pointer;
        var kernel = new DepthwiseGradient(o, dx.Shape, g.Shape, weight.Shape);
        var bytes = Math.Max(1L, kernel.Room) * sizeof(float);
        Workers.Run(checked(batch * channels), item =>
        {
            var (n, c) = Math.DivRem(item, channels);
            var room = MemoryPool.Rent(bytes);
            var values = new Span<float>((float*)room, kernel.Room);
            values.Clear();
            for (var output = c * each; output < (c + 1) * each; output++)
            {
                kernel.Input(kernels + ((long)output * taps), gradients + ((((long)n * weight.Shape[0]) + output) * outPlane), values);
            }

            kernel.Join((float*)room, to + (item * plane));
            MemoryPool.Return(room, bytes);
        });
    }

    /// <inheritdoc/>
    internal override void Conv2dInputGradient(Tensor weight, Tensor g, Conv2dOptions o, Tensor dx)
    {
        using var scope = new TensorScope();
        if (DepthwiseGradient.Suits(o, dx.Shape))
        {
            DepthwiseInputGradient(weight.Contiguous(), g.Contiguous(), o, dx);
            return;
        }

        var kernels = weight.Contiguous().Pointer;
        var gradients = g.Contiguous().Pointer;
        var to = dx.Pointer;
        var (groups, each, taps) = (o.Groups, weight.Shape[1], weight.Shape[2] * weight.Shape[3]);
        var (rows, depth, columns) = (weight.Shape[0] / groups, each * taps, g.Shape[2] * g.Shape[3]);
        var columnsOf = Tensor.Empty([depth, columns], this).Pointer;
        long plane = (long)dx.Shape[2] * dx.Shape[3];
        for (var item = 0; item < dx.Shape[0] * groups; item++)
        {
            var (n, group) = Math.DivRem(item, groups);
            var from = gradients + (((long)n * weight.Shape[0]) + (group * rows)) * columns;
            Gemm.Run(Workers, depth, columns, rows, kernels + ((long)group * rows * depth), 1, depth, from, columns, 1, columnsOf, columns);
            var target = to + ((((long)n * groups) + group) * each * plane);
            Workers.Run(each, c =>
            {
                new Span<float>(target + (c * plane), (int)plane).Clear();
                for (var tap = 0; tap < taps; tap++)
                {
                    AddTap(columnsOf + ((((long)c * taps) + tap) * columns), target + (c * plane), tap, weight.Shape, o, g.Shape, dx.Shape);
                }
            });
        }
    }

    private static void AddTap(float* from, float* plane, int tap, Shape weight, Conv2dOptions o, Shape result, Shape input)
    {
        var (kh, kw) = Math.DivRem(tap, weight[3]);
        var (height, width, rows, columns) = (input[2], input[3], result[2], result[3]);
        var shift = (kw * o.DilationWidth) - o.PadWidth;
        var (first, end) = Valid(shift, o.StrideWidth, width, columns);
        for (var h = 0; h < rows; h++)
        {
            var row = (h * o.StrideHeight) + (kh * o.DilationHeight) - o.PadHeight;
            if (row < 0 || row >= height)
            {
                continue;
            }

            var target = plane + ((long)row * width) + shift;
            var source = from + ((long)h * columns);
            if (o.StrideWidth == 1)
            {
                ElementLoops.Zip<BinaryFunctions.Add>(target + first, 1, source + first, 1, target + first, end - first);
            }
            else
            {
                EverySecond.Add(source + first, target + ((long)first * o.StrideWidth), o.StrideWidth, end - first);
            }
        }
    }

    /// <summary>Results v whose tap, at v stride + shift, lies within the input.</summary>
    private static (int First, int End) Valid(int shift, int stride, int size, int results)
    {
        var first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
        var end = size <= shift ? 0 : Math.Min(results, ((size - shift - 1) / stride) + 1);
        return (first, Math.Max(first, end));
    }

    private void WeightGradient(Tensor x, Tensor g, Conv2dOptions o, Tensor dw)
    {
        var (groups, each, taps) = (o.Groups, dw.Shape[1], dw.Shape[2] * dw.Shape[3]);
        var (rows, depth, columns) = (dw.Shape[0] / groups, each * taps, g.Shape[2] * g.Shape[3]);
        var read = Tensor.Empty([depth, columns], this).Pointer;
        var from = x.Pointer;
        var gradients = g.Pointer;
        var to = dw.Pointer;
        long plane = (long)x.Shape[2] * x.Shape[3];
        if (x.Shape[0] == 0 || columns == 0)
        {
            new Span<float>(to, (int)dw.Count).Clear();
            return;
        }

        for (var item = 0; item < x.Shape[0] * groups; item++)
        {
            var (n, group) = Math.DivRem(item, groups);
            var channels = from + ((((long)n * groups) + group) * each * plane);
            Workers.Run(each, c =>
            {
                for (var tap = 0; tap < taps; tap++)
                {
                    ReadTap(channels + (c * plane), read + ((((long)c * taps) + tap) * columns), tap, dw.Shape, o, g.Shape, x.Shape);
                }
            });
            Gemm.Run(
                Workers,
                rows,
                depth,
                columns,
                gradients + ((((long)n * groups) + group) * rows * columns),
                columns,
                1,
                read,
                1,
                columns,
                to + ((long)group * rows * depth),
                depth,
                new Epilogue { Accumulate = n > 0 });
        }
    }

    private static void ReadTap(float* plane, float* to, int tap, Shape weight, Conv2dOptions o, Shape result, Shape input)
    {
        var (kh, kw) = Math.DivRem(tap, weight[3]);
        var (height, width, rows, columns) = (input[2], input[3], result[2], result[3]);
        var shift = (kw * o.DilationWidth) - o.PadWidth;
        var (first, end) = Valid(shift, o.StrideWidth, width, columns);
        first = Math.Min(first, columns);
        end = Math.Max(first, end);
        for (var h = 0; h < rows; h++)
        {
            var target = to + ((long)h * columns);
            var row = (h * o.StrideHeight) + (kh * o.DilationHeight) - o.PadHeight;
            if (row < 0 || row >= height)
            {
                new Span<float>(target, columns).Clear();
                continue;
            }

            new Span<float>(target, first).Clear();
            new Span<float>(target + end, columns - end).Clear();
            if (end > first)
            {
                EverySecond.Read(plane + ((long)row * width) + shift + ((long)first * o.StrideWidth), o.StrideWidth, target + first, end - first);
            }
        }
    }

    private void DepthwiseWeightGradient(Tensor x, Tensor g, Conv1dOptions o, Tensor dw)
    {
        var from = x.Pointer;
        var gradients = g.Pointer;
        var to = dw.Pointer;
        var (batch, channels, time, outTime, kernel) = (x.Shape[0], x.Shape[1], x.Shape[2], g.Shape[2], dw.Shape[2]);
        var each = dw.Shape[0] / channels;
        var padded = (long)outTime + ((long)(kernel - 1) * o.Dilation);
        var bytes = Math.Max(1, padded) * sizeof(float);
        Workers.Run(channels, c =>
        {
            var row = (float*)MemoryPool.Rent(bytes);
            new Span<float>(to + ((long)c * each * kernel), each * kernel).Clear();
            for (var n = 0; n < batch; n++)
            {
                var values = new Span<float>(row, (int)padded);
                values.Clear();
                var skip = Math.Min((long)o.PadLeft, padded);
                var length = (int)Math.Min(time, padded - skip);
                new ReadOnlySpan<float>(from + ((((long)n * channels) + c) * time), length).CopyTo(values[(int)skip..]);
                for (var r = 0; r < each; r++)
                {
                    var output = ((long)c * each) + r;
                    ConvGradient.Taps(row, o.Dilation, gradients + ((((long)n * dw.Shape[0]) + output) * outTime), outTime, to + (output * kernel), kernel);
                }
            }

            MemoryPool.Return((nint)row, bytes);
        });
    }
}
