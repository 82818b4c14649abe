using System.Numerics;

namespace Parley.Tensors;

/// <summary>What happens to sums on their way to the result: scales, bias, activation, residual.</summary>
internal static unsafe class WeightEpilogue
{
    /// <summary>y = sums · (inputScale · scales) + bias.</summary>
    internal static void Scale(int* sums, int count, float inputScale, float* scales, float* bias, float* y)
    {
        var width = Vector<float>.Count;
        var factor = new Vector<float>(inputScale);
        var i = 0;
        for (; i <= count - width; i += width)
        {
            var value = Vector.ConvertToSingle(Vector.Load(sums + i)) * (factor * Vector.Load(scales + i));
            Vector.Store(bias is null ? value : value + Vector.Load(bias + i), y + i);
        }

        for (; i < count; i++)
        {
            var value = sums[i] * (inputScale * scales[i]);
            y[i] = bias is null ? value : value + bias[i];
        }
    }

    /// <summary>y += bias, when there is one.</summary>
    internal static void AddBias(float* y, int count, float* bias)
    {
        if (bias is null)
        {
            return;
        }

        var width = Vector<float>.Count;
        var i = 0;
        for (; i <= count - width; i += width)
        {
            Vector.Store(Vector.Load(y + i) + Vector.Load(bias + i), y + i);
        }

        for (; i < count; i++)
        {
            y[i] += bias[i];
        }
    }

    /// <summary>y = activation(y) + residual.</summary>
    internal static void Finish(float* y, int count, Activation activation, float* residual)
    {
        if (activation == Activation.None && residual is null)
        {
            return;
        }

        var width = Vector<float>.Count;
        var i = 0;
        for (; i <= count - width; i += width)
        {
            var value = Apply(activation, Vector.Load(y + i));
            Vector.Store(residual is null ? value : value + Vector.Load(residual + i), y + i);
        }

        if (i < count)
        {
            // The last few go through the same vector code, so that results do not depend on where a block ends.
            var rest = count - i;
            var spare = stackalloc float[width];
            new Span<float>(y + i, rest).CopyTo(new Span<float>(spare, width));
            Vector.Store(Apply(activation, Vector.Load(spare)), spare);
            for (var j = 0; j < rest; j++)
            {
                y[i + j] = residual is null ? spare[j] : spare[j] + residual[i + j];
            }
        }
    }

    private static Vector<float> Apply(Activation activation, Vector<float> x) => activation switch
    {
        Activation.None => x,
        Activation.Relu => Vector.Max(x, Vector<float>.Zero),
        Activation.Gelu => x * Half * (Vector<float>.One + Erf(x * new Vector<float>(0.70710678f))),
        Activation.GeluTanh => x * Half * (Vector<float>.One + Tanh(new Vector<float>(0.79788456f) * (x + (new Vector<float>(0.044715f) * x * x * x)))),
        Activation.Silu => x * Sigmoid(x),
        Activation.Tanh => Tanh(x),
        Activation.Sigmoid => Sigmoid(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "linear: unknown activation"),
    };

    private static Vector<float> Half => new(0.5f);

    private static Vector<float> Sigmoid(Vector<float> x) => Vector<float>.One / (Vector<float>.One + Vector.Exp(-x));

    private static Vector<float> Tanh(Vector<float> x)
    {
        var e = Vector.Exp(new Vector<float>(-2) * Vector.Abs(x));
        return Vector.CopySign((Vector<float>.One - e) / (Vector<float>.One + e), x);
    }

    // Abramowitz and Stegun 7.1.26: |error| below 1.5e-7.
    private static Vector<float> Erf(Vector<float> x)
    {
        var a = Vector.Abs(x);
        var t = Vector<float>.One / (Vector<float>.One + (new Vector<float>(0.3275911f) * a));
        var p = (new Vector<float>(1.061405429f) * t) - new Vector<float>(1.453152027f);
        p = (p * t) + new Vector<float>(1.421413741f);
        p = (p * t) - new Vector<float>(0.284496736f);
        p = ((p * t) + new Vector<float>(0.254829592f)) * t;
        return Vector.CopySign(Vector<float>.One - (p * Vector.Exp(-(a * a))), x);
    }
}
