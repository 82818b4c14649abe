using System.Runtime.CompilerServices;

namespace Parley.Tensors;

// Derivatives of activations. Arguments are held within ±110, where each derivative has long reached 0 or 1, so that no product of 0 and ∞ arises.
internal static partial class VectorMath
{
    /// <summary>Φ(x) + x φ(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T GeluDerivative<T>(T x)
        where T : struct, ILanes<T>
    {
        x = Bounded(x);
        var tail = NormalTail(T.MinNative(T.Of(16f), T.Abs(x)));
        var cdf = T.Select(T.Less(x, T.Of(0f)), tail, T.Of(1f) - tail);
        return T.MultiplyAdd(x * T.Of(0.3989422804f), Exp(x * x * T.Of(-0.5f)), cdf);
    }

    /// <summary>Derivative of the tanh form of GELU: with s = σ(z), s + x s (1 − s) z′.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T GeluTanhDerivative<T>(T x)
        where T : struct, ILanes<T>
    {
        x = Bounded(x);
        var square = x * x;
        var s = Sigmoid(x * T.MultiplyAdd(square, T.Of(1.5957691216f * 0.044715f), T.Of(1.5957691216f)));
        var slope = T.MultiplyAdd(square, T.Of(3f * 1.5957691216f * 0.044715f), T.Of(1.5957691216f));
        return T.MultiplyAdd(x * s * (T.Of(1f) - s), slope, s);
    }

    /// <summary>σ(x) (1 + x (1 − σ(x))).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T SiluDerivative<T>(T x)
        where T : struct, ILanes<T>
    {
        x = Bounded(x);
        var s = Sigmoid(x);
        return s * T.MultiplyAdd(x, T.Of(1f) - s, T.Of(1f));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Bounded<T>(T x)
        where T : struct, ILanes<T> => T.MinNative(T.Of(110f), T.MaxNative(T.Of(-110f), x));
}
