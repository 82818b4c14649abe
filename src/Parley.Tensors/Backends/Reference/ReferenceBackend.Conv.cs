namespace Parley.Tensors;

// Convolutions by their definitions.
internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void Conv1d(Tensor x, Tensor weight, Tensor? bias, Conv1dOptions options, Activation activation, Tensor y)
    {
        using var scope = new TensorScope();
        var input = x.Pointer;
        var steps = x.Strides;
        var w = weight.Contiguous().Pointer;
        var b = bias is null ? null : bias.Contiguous().Pointer;
        var target = y.Pointer;
        var (time, kernel) = (x.Shape[2], weight.Shape[2]);
        var (each, outEach) = (weight.Shape[1], weight.Shape[0] / options.Groups);
        long at = 0;
        for (var n = 0; n < y.Shape[0]; n++)
        {
            for (var o = 0; o < y.Shape[1]; o++)
            {
                for (var t = 0; t < y.Shape[2]; t++, at++)
                {
                    double sum = b is null ? 0 : b[o];
                    for (var c = 0; c < each; c++)
                    {
                        for (var k = 0; k < kernel; k++)
                        {
                            var from = ((long)t * options.Stride) + ((long)k * options.Dilation) - options.PadLeft;
                            if (from >= 0 && from < time)
                            {
                                var channel = (o / outEach * each) + c;
                                sum += (double)w[((((long)o * each) + c) * kernel) + k] * input[(n * steps[0]) + (channel * steps[1]) + (from * steps[2])];
                            }
                        }
                    }

                    target[at] = (float)Activate(activation, sum);
                }
            }
        }
    }

    /// <inheritdoc/>
    internal override void ConvTranspose1d(Tensor x, Tensor weight, Tensor? bias, Conv1dOptions options, Tensor y)
    {
        using var scope = new TensorScope();
        var input = x.Pointer;
        var steps = x.Strides;
        var w = weight.Contiguous().Pointer;
        var b = bias is null ? null : bias.Contiguous().Pointer;
        var target = y.Pointer;
        var (channels, time, outEach, kernel) = (x.Shape[1], x.Shape[2], weight.Shape[1], weight.Shape[2]);
        var (each, outTime) = (channels / options.Groups, (long)y.Shape[2]);
        var sums = new double[outTime];
        for (var n = 0; n < y.Shape[0]; n++)
        {
            for (var o = 0; o < y.Shape[1]; o++)
            {
                Array.Fill(sums, b is null ? 0 : b[o]);
                for (long c = o / outEach * each; c < (o / outEach * each) + each; c++)
                {
                    for (var t = 0; t < time; t++)
                    {
                        for (var k = 0; k < kernel; k++)
                        {
                            var to = ((long)t * options.Stride) + ((long)k * options.Dilation) - options.PadLeft;
                            if (to >= 0 && to < outTime)
                            {
                                sums[to] += (double)input[(n * steps[0]) + (c * steps[1]) + (t * steps[2])] * w[(((c * outEach) + (o % outEach)) * kernel) + k];
                            }
                        }
                    }
                }

                for (var t = 0; t < outTime; t++)
                {
                    target[(((n * y.Shape[1]) + o) * outTime) + t] = (float)sums[t];
                }
            }
        }
    }

    /// <inheritdoc/>
    internal override void Conv2d(Tensor x, Tensor weight, Tensor? bias, Conv2dOptions options, Activation activation, Tensor y)
    {
        using var scope = new TensorScope();
        var input = x.Pointer;
        var steps = x.Strides;
        var w = weight.Contiguous().Pointer;
        var b = bias is null ? null : bias.Contiguous().Pointer;
        var target = y.Pointer;
        var (height, width) = (x.Shape[2], x.Shape[3]);
        var (each, kernelH, kernelW, outEach) = (weight.Shape[1], weight.Shape[2], weight.Shape[3], weight.Shape[0] / options.Groups);
        long at = 0;
        for (var n = 0; n < y.Shape[0]; n++)
        {
            for (var o = 0; o < y.Shape[1]; o++)
            {
                for (var h = 0; h < y.Shape[2]; h++)
                {
                    for (var v = 0; v < y.Shape[3]; v++, at++)
                    {
                        double sum = b is null ? 0 : b[o];
                        for (var tap = 0; tap < each * kernelH * kernelW; tap++)
                        {
                            var row = ((long)h * options.StrideHeight) + ((long)(tap / kernelW % kernelH) * options.DilationHeight) - options.PadHeight;
                            var column = ((long)v * options.StrideWidth) + ((long)(tap % kernelW) * options.DilationWidth) - options.PadWidth;
                            if (row >= 0 && row < height && column >= 0 && column < width)
                            {
                                var channel = (o / outEach * each) + (tap / kernelW / kernelH);
                                sum += (double)w[((long)o * each * kernelH * kernelW) + tap]
                                    * input[(n * steps[0]) + (channel * steps[1]) + (row * steps[2]) + (column * steps[3])];
                            }
                        }

                        target[at] = (float)Activate(activation, sum);
                    }
                }
            }
        }
    }
}
