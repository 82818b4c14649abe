using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Activations in place over a run of values.</summary>
internal static unsafe class Activations
{
    internal static void Apply(Activation activation, Span<float> values)
    {
        if (activation == Activation.None)
        {
            return;
        }

        var width = Vector256<float>.Count;
        fixed (float* x = values)
        {
            var i = 0;
            for (; i <= values.Length - width; i += width)
            {
                Of(activation, Vector256.Load(x + i)).Store(x + i);
            }

            for (; i < values.Length; i++)
            {
                x[i] = Of(activation, Vector256.Create(x[i]))[0];
            }
        }
    }

    internal static Vector256<float> Of(Activation activation, Vector256<float> x) => activation switch
    {
        Activation.None => x,
        Activation.Relu => Vector256.Max(x, Vector256<float>.Zero),
        Activation.Gelu => 0.5f * x * (Vector256<float>.One + Erf(x * 0.70710678f)),
        Activation.GeluTanh => x * Sigmoid(1.5957691f * (x + 0.044715f * x * x * x)),
        Activation.Silu => x * Sigmoid(x),
        Activation.Tanh => 2f * Sigmoid(2f * x) - Vector256<float>.One,
        Activation.Sigmoid => Sigmoid(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "unknown activation"),
    };

    private static Vector256<float> Sigmoid(Vector256<float> x) => Vector256<float>.One / (Vector256<float>.One + Vector256.Exp(-x));

    // Abramowitz and Stegun 7.1.26: at most 1.5e-7 off.
    private static Vector256<float> Erf(Vector256<float> x)
    {
        var z = Vector256.Abs(x);
        var t = Vector256<float>.One / (Vector256<float>.One + 0.3275911f * z);
        var poly = t * (Vector256.Create(0.254829592f) + t * (Vector256.Create(-0.284496736f) + t * (Vector256.Create(1.421413741f) + t * (Vector256.Create(-1.453152027f) + t * 1.061405429f))));
        return Vector256.CopySign(Vector256<float>.One - poly * Vector256.Exp(-z * z), x);
    }
}
