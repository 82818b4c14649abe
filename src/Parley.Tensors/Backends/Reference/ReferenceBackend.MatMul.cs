namespace Parley.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void MatMul(Tensor a, Tensor b, Tensor y)
    {
        var (m, n, k) = (y.Shape[^2], y.Shape[^1], a.Shape[^1]);
        for (long i = 0; i < y.Count; i++)
        {
            var (row, column) = (i / n % m, i % n);
            var x = a.Pointer + row * a.Strides[^2];
            var w = b.Pointer + column * b.Strides[^1];
            var batch = i / n / m;
            for (var axis = y.Shape.Rank - 3; axis >= 0; axis--)
            {
                x += batch % y.Shape[axis] * a.Strides[axis];
                w += batch % y.Shape[axis] * b.Strides[axis];
                batch /= y.Shape[axis];
            }

            double sum = 0;
            for (var p = 0; p < k; p++)
            {
                sum += (double)x[p * a.Strides[^1]] * w[p * b.Strides[^2]];
            }

            y.Pointer[i] = (float)sum;
        }
    }

    /// <inheritdoc/>
    internal override void Linear(Tensor x, WeightMatrix weight, Tensor? bias, Activation activation, Tensor? residual, Tensor y)
    {
        var row = new float[weight.In];
        for (var j = 0; j < weight.Out; j++)
        {
            weight.CopyRow(j, row);
            for (var i = 0; i < y.Count / weight.Out; i++)
            {
                double sum = bias is null ? 0 : bias.Pointer[j];
                for (var p = 0; p < row.Length; p++)
                {
                    sum += (double)x.Pointer[(long)i * row.Length + p] * row[p];
                }

                var at = (long)i * weight.Out + j;
                y.Pointer[at] = (float)(Activate(activation, sum) + (residual is null ? 0 : residual.Pointer[at]));
            }
        }
    }

    private static double Activate(Activation activation, double x) => activation switch
    {
        Activation.None => x,
        Activation.Relu => Math.Max(x, 0),
        Activation.Gelu => 0.5 * x * ErrorFunctionComplement(-x / Math.Sqrt(2)),
        Activation.GeluTanh => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.Tanh => Math.Tanh(x),
        Activation.Sigmoid => 1 / (1 + Math.Exp(-x)),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "unknown activation"),
    };

    // erfc: the Taylor series of erf near zero, the continued fraction of erfc (DLMF 7.9.2) further out.
    private static double ErrorFunctionComplement(double x)
    {
        if (x < 0)
        {
            return 2 - ErrorFunctionComplement(-x);
        }

        if (x < 2.5)
        {
            var (term, sum) = (x, x);
            for (var i = 1; i < 60; i++)
            {
                term *= -x * x / i;
                sum += term / (2 * i + 1);
            }

            return 1 - 2 / Math.Sqrt(Math.PI) * sum;
        }

        var fraction = x;
        for (var i = 60; i > 0; i--)
        {
            fraction = x + i / 2.0 / fraction;
        }

        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / fraction;
    }
}
