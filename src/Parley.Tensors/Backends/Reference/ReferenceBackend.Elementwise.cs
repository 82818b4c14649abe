namespace Parley.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void Copy(Tensor x, Tensor y)
    {
        var index = new int[y.Shape.Rank];
        for (long i = 0; i < y.Count; i++)
        {
            y.Pointer[Offset(index, y.Strides)] = x.Pointer[Offset(index, x.Strides)];
            Advance(index, y.Shape);
        }
    }

    /// <inheritdoc/>
    internal override void Unary(UnaryOp op, Tensor x, Tensor y)
    {
        var values = Dense(x);
        for (var i = 0; i < values.Length; i++)
        {
            y.Pointer[i] = (float)Unary(op, values[i]);
        }
    }

    /// <inheritdoc/>
    internal override void Affine(Tensor x, float scale, float shift, Tensor y)
    {
        var values = Dense(x);
        for (var i = 0; i < values.Length; i++)
        {
            y.Pointer[i] = (float)((values[i] * scale) + shift);
        }
    }

    /// <inheritdoc/>
    internal override void Binary(BinaryOp op, Tensor a, Tensor b, Tensor y)
    {
        var (left, right) = (Dense(a.Expand(y.Shape)), Dense(b.Expand(y.Shape)));
        for (var i = 0; i < left.Length; i++)
        {
            y.Pointer[i] = (float)(op switch
            {
                BinaryOp.Add => left[i] + right[i],
                BinaryOp.Subtract => left[i] - right[i],
                BinaryOp.Multiply => left[i] * right[i],
                BinaryOp.Divide => left[i] / right[i],
                BinaryOp.Maximum => Math.Max(left[i], right[i]),
                BinaryOp.Minimum => Math.Min(left[i], right[i]),
                _ => throw new ArgumentOutOfRangeException(nameof(op), op, "unknown function"),
            });
        }
    }

    /// <inheritdoc/>
    internal override void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor y)
    {
        var (values, dim) = (Dense(table), table.Shape[1]);
        for (var i = 0; i < ids.Length; i++)
        {
            for (var j = 0; j < dim; j++)
            {
                y.Pointer[(i * dim) + j] = (float)values[(ids[i] * dim) + j];
            }
        }
    }

    private static double Unary(UnaryOp op, double x) => op switch
    {
        UnaryOp.Negate => -x,
        UnaryOp.Abs => Math.Abs(x),
        UnaryOp.Exp => Math.Exp(x),
        UnaryOp.Log => Math.Log(x),
        UnaryOp.Sqrt => Math.Sqrt(x),
        UnaryOp.Square => x * x,
        UnaryOp.Sin => Math.Sin(x),
        UnaryOp.Cos => Math.Cos(x),
        UnaryOp.Tanh => Math.Tanh(x),
        UnaryOp.Sigmoid => Sigmoid(x),
        UnaryOp.Relu => Math.Max(x, 0),
        UnaryOp.Gelu => double.IsNegativeInfinity(x) ? 0 : x * NormalDistribution(x),
        UnaryOp.GeluTanh => double.IsNegativeInfinity(x) ? 0 : x * Sigmoid(2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))),
        UnaryOp.Silu => double.IsNegativeInfinity(x) ? 0 : x * Sigmoid(x),
        UnaryOp.Step => x > 0 ? 1 : x < 0 ? 0 : 0.5,
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, "unknown function"),
    };

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>Φ(x) = ½ erfc(−x/√2).</summary>
    internal static double NormalDistribution(double x) => 0.5 * Erfc(-x / Math.Sqrt(2));

    /// <summary>1 − erf x: the Taylor series of erf near zero, the continued fraction of erfc beyond.</summary>
    internal static double Erfc(double x)
    {
        if (x < 0)
        {
            return 2 - Erfc(-x);
        }

        if (x < 2)
        {
            return 1 - Erf(x);
        }

        var fraction = 0.0;
        for (var k = 120; k > 0; k--)
        {
            fraction = k / 2.0 / (x + fraction);
        }

        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / (x + fraction);
    }

    /// <summary>erf x = 2/√π Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)) for |x| &lt; 2.</summary>
    internal static double Erf(double x)
    {
        if (double.IsNaN(x) || Math.Abs(x) >= 2)
        {
            return double.IsNaN(x) ? x : x < 0 ? Erfc(-x) - 1 : 1 - Erfc(x);
        }

        double sum = 0, term = x;
        for (var n = 0; n < 60; n++)
        {
            sum += term / ((2 * n) + 1);
            term *= -x * x / (n + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    /// <summary>The elements in row-major order, as doubles.</summary>
    private static double[] Dense(Tensor x)
    {
        var values = new double[x.Count];
        var index = new int[x.Shape.Rank];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = x.Pointer[Offset(index, x.Strides)];
            Advance(index, x.Shape);
        }

        return values;
    }

    private static long Offset(int[] index, ReadOnlySpan<long> strides)
    {
        long offset = 0;
        for (var d = 0; d < index.Length; d++)
        {
            offset += index[d] * strides[d];
        }

        return offset;
    }

    /// <summary>Counts up like an odometer.</summary>
    private static void Advance(int[] index, Shape shape)
    {
        for (var d = index.Length - 1; d >= 0; d--)
        {
            if (++index[d] < shape[d])
            {
                return;
            }

            index[d] = 0;
        }
    }
}
