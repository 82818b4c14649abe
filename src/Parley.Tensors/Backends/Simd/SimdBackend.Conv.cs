namespace Parley.Tensors;

// Convolutions as implicit matrix products; depthwise ones directly.
internal sealed unsafe partial class SimdBackend
{
    /// <inheritdoc/>
    internal override void Conv1d(Tensor x, Tensor weight, Tensor? bias, Conv1dOptions options, Activation activation, Tensor y)
    {
        // Taps are gathered along time: a transposed view would give a cache line for each value.
        using var scope = new TensorScope();
        x = x.Strides[2] == 1 ? x : x.Contiguous();
        var plan = new ConvPlan
        {
            X = x.Pointer,
            Step = (x.Strides[0], x.Strides[1], 0, x.Strides[2]),
            Size = (1, x.Shape[2]),
            Batch = x.Shape[0],
            Groups = options.Groups,
            Channels = weight.Shape[1],
            Rows = weight.Shape[0] / options.Groups,
            Kernel = (1, weight.Shape[2]),
            Stride = (1, options.Stride),
            Dilation = (1, options.Dilation),
            Pad = (0, options.PadLeft),
            Out = (1, y.Shape[2]),
        };
        Convolve(plan, weight, bias, activation, y);
    }

    /// <inheritdoc/>
    internal override void Conv2d(Tensor x, Tensor weight, Tensor? bias, Conv2dOptions options, Activation activation, Tensor y)
    {
        var plan = new ConvPlan
        {
            X = x.Pointer,
            Step = (x.Strides[0], x.Strides[1], x.Strides[2], x.Strides[3]),
            Size = (x.Shape[2], x.Shape[3]),
            Batch = x.Shape[0],
            Groups = options.Groups,
            Channels = weight.Shape[1],
            Rows = weight.Shape[0] / options.Groups,
            Kernel = (weight.Shape[2], weight.Shape[3]),
            Stride = (options.StrideHeight, options.StrideWidth),
            Dilation = (options.DilationHeight, options.DilationWidth),
            Pad = (options.PadHeight, options.PadWidth),
            Out = (y.Shape[2], y.Shape[3]),
        };
        Convolve(plan, weight, bias, activation, y);
    }

    /// <inheritdoc/>
    internal override void ConvTranspose1d(Tensor x, Tensor weight, Tensor? bias, Conv1dOptions options, Tensor y)
    {
        // Output u of the full result is phase u mod stride of step m = u / stride, and takes taps k with k·dilation = phase + j·stride from input m − j:
        // an ordinary convolution with one row per (channel, phase) and taps in reverse order of j.
        using var scope = new TensorScope();
        var (stride, each) = (options.Stride, x.Shape[1] / options.Groups);
        var (outputs, kernel, time) = (weight.Shape[1], weight.Shape[2], y.Shape[2]);
        var reach = checked((int)((((kernel - 1L) * options.Dilation) / stride) + 1));
        var (start, end) = (options.PadLeft / stride, (int)(((long)options.PadLeft + time + stride - 1) / stride));
        var (rows, depth) = (checked(outputs * stride), checked(each * reach));
        var length = ImplicitGemm.TailLength(rows, depth);
        var matrices = Tensor.Zeros([options.Groups, rows, depth], this).Pointer;
        var tails = Tensor.Empty([options.Groups, checked((int)length)], this).Pointer;
        var w = Dense(weight);
        for (var group = 0; group < options.Groups; group++)
        {
            var matrix = matrices + ((long)group * rows * depth);
            for (var c = 0; c < each; c++)
            {
                var source = w + ((((long)group * each) + c) * outputs * kernel);
                for (var o = 0; o < outputs; o++)
                {
                    for (var k = 0; k < kernel; k++)
                    {
                        var (j, phase) = Math.DivRem((long)k * options.Dilation, stride);
                        matrix[((((long)o * stride) + phase) * depth) + ((long)c * reach) + reach - 1 - j] = source[((long)o * kernel) + k];
                    }
                }
            }

            ImplicitGemm.PackTail(matrix, rows, depth, tails + (group * length));
        }

        var plan = new ConvPlan
        {
            X = x.Pointer,
            Step = (x.Strides[0], x.Strides[1], 0, x.Strides[2]),
            Size = (1, x.Shape[2]),
            Batch = x.Shape[0],
            Groups = options.Groups,
            Channels = each,
            Rows = rows,
            Kernel = (1, reach),
            Stride = (1, 1),
            Dilation = (1, 1),
            Pad = (0, reach - 1 - start),
            Out = (1, end - start),
        };
        var target = y.Pointer;
        var cut = options.PadLeft;
        var b = bias is null ? null : Dense(bias);
        ImplicitGemm.Run(Workers, plan, matrices, tails, null, Activation.None, null, (batch, group, row, count, column, columns, values, valueStride) =>
        {
            for (var r = 0; r < count; r++)
            {
                var (o, phase) = Math.DivRem(row + r, stride);
                var channel = ((long)group * outputs) + o;
                var to = target + (((((long)batch * plan.Groups) + group) * outputs + o) * time);
                var shift = b is null ? 0 : b[channel];
                var at = ((long)(start + column) * stride) + phase - cut;
                for (var i = 0; i < columns; i++, at += stride)
                {
                    if (at >= 0 && at < time)
                    {
                        to[at] = values[(r * valueStride) + i] + shift;
                    }
                }
            }
        });
    }

    private void Convolve(ConvPlan plan, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        using var scope = new TensorScope();
        var w = Dense(weight);
        var b = bias is null ? null : Dense(bias);
        if (plan.Channels == 1 && DepthwiseKernel.Suits(plan))
        {
            DepthwiseKernel.Run(Workers, plan, w, b, activation, y.Pointer);
        }
        else if (SlidingConv.Suits(plan))
        {
            SlidingConv.Run(Workers, plan, w, b, activation, y.Pointer);
        }
        else
        {
            var length = ImplicitGemm.TailLength(plan.Rows, plan.Depth);
            var tails = Tensor.Empty([plan.Groups, checked((int)length)], this).Pointer;
            for (var group = 0; group < plan.Groups; group++)
            {
                ImplicitGemm.PackTail(w + (group * (long)plan.Rows * plan.Depth), plan.Rows, plan.Depth, tails + (group * length));
            }

            ImplicitGemm.Run(Workers, plan, w, tails, b, activation, y.Pointer, sink: null);
        }
    }

    /// <summary>The elements of a small operand in row-major order; a copy from the surrounding scope when it is a strided view.</summary>
    private static float* Dense(Tensor x) => x.Contiguous().Pointer;
}
