namespace Parley.Tensors;

// Gradients by their formulas.
internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void UnaryGradient(UnaryOp op, Tensor saved, Tensor g, Tensor dx)
    {
        var (values, gradients) = (Dense(saved), Dense(g));
        for (var i = 0; i < values.Length; i++)
        {
            dx.Pointer[i] = (float)(gradients[i] * Derivative(op, values[i]));
        }
    }

    private static double Derivative(UnaryOp op, double v) => op switch
    {
        UnaryOp.Negate => -1,
        UnaryOp.Abs => Math.Sign(v),
        UnaryOp.Exp => v,
        UnaryOp.Log => 1 / v,
        UnaryOp.Sqrt => 0.5 / v,
        UnaryOp.Square => 2 * v,
        UnaryOp.Sin => Math.Cos(v),
        UnaryOp.Cos => -Math.Sin(v),
        UnaryOp.Tanh => 1 - (v * v),
        UnaryOp.Sigmoid => v * (1 - v),
        UnaryOp.Relu => v > 0 ? 1 : 0,
        UnaryOp.Gelu => NormalDistribution(v) + (v * Math.Exp(-0.5 * v * v) / Math.Sqrt(2 * Math.PI)),
        UnaryOp.GeluTanh => GeluTanhDerivative(v),
        UnaryOp.Silu => Sigmoid(v) * (1 + (v * (1 - Sigmoid(v)))),
        UnaryOp.Step => 0,
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, "unknown function"),
    };

    private static double GeluTanhDerivative(double x)
    {
        var c = Math.Sqrt(2 / Math.PI);
        var tanh = Math.Tanh(c * (x + (0.044715 * x * x * x)));
        return (0.5 * (1 + tanh)) + (0.5 * x * (1 - (tanh * tanh)) * c * (1 + (3 * 0.044715 * x * x)));
    }

    /// <inheritdoc/>
    internal override void SoftmaxGradient(Tensor y, bool logarithm, Tensor g, Tensor dx)
    {
        var (results, gradients, length) = (Dense(y), Dense(g), y.Shape[^1]);
        for (var row = 0; row < results.Length; row += length)
        {
            double sum = 0;
            for (var i = row; i < row + length; i++)
            {
                sum += gradients[i] * (logarithm ? 1 : results[i]);
            }

            for (var i = row; i < row + length; i++)
            {
                dx.Pointer[i] = (float)(logarithm ? gradients[i] - (Math.Exp(results[i]) * sum) : results[i] * (gradients[i] - sum));
            }
        }
    }

    /// <inheritdoc/>
    internal override void LayerNormGradient(Tensor x, Tensor? weight, float epsilon, Tensor g, Tensor dx, Tensor dw, Tensor db) =>
        NormGradient(Dense(x), weight is null ? null : Dense(weight), epsilon, Dense(g), x.Shape[^1], center: true, dx, dw, db);

    /// <inheritdoc/>
    internal override void RmsNormGradient(Tensor x, Tensor weight, float epsilon, Tensor g, Tensor dx, Tensor dw) =>
        NormGradient(Dense(x), Dense(weight), epsilon, Dense(g), x.Shape[^1], center: false, dx, dw, null);

    private static void NormGradient(double[] x, double[]? weight, float epsilon, double[] g, int length, bool center, Tensor dx, Tensor dw, Tensor? db)
    {
        var (factors, terms) = (new double[length], new double[length]);
        for (var row = 0; row < x.Length; row += length)
        {
            double mean = 0, square = 0, gSum = 0, gDot = 0;
            for (var i = 0; i < length; i++)
            {
                mean += center ? x[row + i] / length : 0;
            }

            for (var i = 0; i < length; i++)
            {
                square += (x[row + i] - mean) * (x[row + i] - mean) / length;
            }

            var scale = 1 / Math.Sqrt(square + epsilon);
            for (var i = 0; i < length; i++)
            {
                var (normal, inner) = ((x[row + i] - mean) * scale, g[row + i] * (weight is null ? 1 : weight[i]));
                factors[i] += g[row + i] * normal;
                terms[i] += g[row + i];
                gSum += center ? inner / length : 0;
                gDot += inner * normal / length;
            }

            for (var i = 0; i < length; i++)
            {
                var (normal, inner) = ((x[row + i] - mean) * scale, g[row + i] * (weight is null ? 1 : weight[i]));
                dx.Pointer[row + i] = (float)(scale * (inner - gSum - (normal * gDot)));
            }
        }

        for (var i = 0; i < length; i++)
        {
            dw.Pointer[i] = (float)factors[i];
            if (db is not null)
            {
                db.Pointer[i] = (float)terms[i];
            }
        }
    }

    /// <inheritdoc/>
    internal override void ScatterAdd(Tensor g, ReadOnlySpan<int> ids, Tensor table)
    {
        var (gradients, length) = (Dense(g), table.Shape[1]);
        var sums = new double[table.Count];
        for (var i = 0; i < gradients.Length; i++)
        {
            sums[((long)ids[i / length] * length) + (i % length)] += gradients[i];
        }

        for (var i = 0; i < sums.Length; i++)
        {
            table.Pointer[i] = (float)sums[i];
        }
    }

    /// <inheritdoc/>
    internal override void Dropout(Tensor x, float p, ulong seed, Tensor y)
    {
        var (values, threshold) = (Dense(x), DropoutMask.Threshold(p));
        for (var i = 0; i < values.Length; i++)
        {
            y.Pointer[i] = DropoutMask.Bits(seed, i) >= threshold ? (float)values[i] * (1f / (1f - p)) : 0f;
        }
    }

    /// <inheritdoc/>
    internal override void Conv1dWeightGradient(Tensor x, Tensor g, Conv1dOptions o, Tensor dw) => Conv2dWeightGradient(
        x.Unsqueeze(2),
        g.Unsqueeze(2),
        new Conv2dOptions(1, o.Stride, 0, o.PadLeft, 1, o.Dilation, o.Groups),
        dw.Reshape(dw.Shape[0], dw.Shape[1], 1, dw.Shape[2]));

    /// <inheritdoc/>
    internal override void Conv2dWeightGradient(Tensor x, Tensor g, Conv2dOptions o, Tensor dw)
    {
        var (inputs, gradients) = (Dense(x), Dense(g));
        var (height, width, outHeight, outWidth) = (x.Shape[2], x.Shape[3], g.Shape[2], g.Shape[3]);
        var (outEach, each, kernelH, kernelW) = (dw.Shape[0] / o.Groups, dw.Shape[1], dw.Shape[2], dw.Shape[3]);
        for (var at = 0; at < dw.Count; at++)
        {
            var (output, c, kh, kw) = (at / kernelW / kernelH / each, at / kernelW / kernelH % each, at / kernelW % kernelH, at % kernelW);
            var channel = (output / outEach * each) + c;
            double sum = 0;
            for (var n = 0; n < x.Shape[0]; n++)
            {
                for (var h = 0; h < outHeight; h++)
                {
                    for (var v = 0; v < outWidth; v++)
                    {
                        var row = (h * o.StrideHeight) + (kh * o.DilationHeight) - o.PadHeight;
                        var column = (v * o.StrideWidth) + (kw * o.DilationWidth) - o.PadWidth;
                        if (row >= 0 && row < height && column >= 0 && column < width)
                        {
                            sum += gradients[(((((n * g.Shape[1]) + output) * outHeight) + h) * outWidth) + v]
                                * inputs[(((((n * x.Shape[1]) + channel) * height) + row) * width) + column];
                        }
                    }
                }
            }

            dw.Pointer[at] = (float)sum;
        }
    }

    /// <inheritdoc/>
    internal override void Conv2dInputGradient(Tensor weight, Tensor g, Conv2dOptions o, Tensor dx)
    {
        var (weights, gradients) = (Dense(weight), Dense(g));
        var (channels, height, width) = (dx.Shape[1], dx.Shape[2], dx.Shape[3]);
        var (outEach, each, kernelH, kernelW) = (weight.Shape[0] / o.Groups, weight.Shape[1], weight.Shape[2], weight.Shape[3]);
        var sums = new double[dx.Count];
        for (var at = 0; at < gradients.Length; at++)
        {
            var (n, output) = (at / g.Shape[3] / g.Shape[2] / g.Shape[1], at / g.Shape[3] / g.Shape[2] % g.Shape[1]);
            var (h, v) = (at / g.Shape[3] % g.Shape[2], at % g.Shape[3]);
            for (var tap = 0; tap < each * kernelH * kernelW; tap++)
            {
                var row = (h * o.StrideHeight) + (tap / kernelW % kernelH * o.DilationHeight) - o.PadHeight;
                var column = (v * o.StrideWidth) + (tap % kernelW * o.DilationWidth) - o.PadWidth;
                if (row >= 0 && row < height && column >= 0 && column < width)
                {
                    var channel = (output / outEach * each) + (tap / kernelW / kernelH);
                    sums[(((((n * channels) + channel) * height) + row) * width) + column] += gradients[at] * weights[(output * each * kernelH * kernelW) + tap];
                }
            }
        }

        for (var i = 0; i < sums.Length; i++)
        {
            dx.Pointer[i] = (float)sums[i];
        }
    }
}
