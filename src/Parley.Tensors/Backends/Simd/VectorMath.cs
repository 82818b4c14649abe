using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Elementary functions of whole registers, near float precision: each is tested against double for its bound.</summary>
/// <remarks>Polynomials on [−ln 2 / 2, ln 2 / 2], [√½, √2] and [−π/4, π/4] after Moshier's Cephes library (single precision).</remarks>
internal static partial class VectorMath
{
    internal const float Log2E = 1.44269504f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>1.5 · 2²³: adding it rounds to an integer, which then stands in the low bits.</summary>
    private const float Rounder = 12582912f;
    private const int RounderBits = 0x4B400000;

    /// <summary>e^x; error at most 2 ulp, subnormal results included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Exp(Vector512<float> x) => Exp(new Lanes512(x)).Value;

    /// <summary>e^x; error at most 2 ulp, subnormal results included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Exp(Vector256<float> x) => Exp(new Lanes256(x)).Value;

    /// <summary>e^x; error at most 2 ulp, subnormal results included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Exp(Vector128<float> x) => Exp(new Lanes128(x)).Value;

    /// <summary>e^x; error at most 2 ulp, subnormal results included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Exp<T>(T x)
        where T : struct, ILanes<T>
    {
        x = T.MinNative(T.Of(89f), T.MaxNative(T.Of(-104f), x));
        var shifted = T.MultiplyAdd(x, T.Of(Log2E), T.Of(Rounder));
        var mantissa = ExpOfRest(x, shifted - T.Of(Rounder));

        // 2^n in two factors, since n may lie outside the exponents of one.
        var n = T.SubtractBits(shifted, T.OfBits(RounderBits));
        var half = T.ShiftRight(n, 1);
        var bias = T.OfBits(127);
        return mantissa * T.ShiftLeft(T.AddBits(half, bias), 23) * T.ShiftLeft(T.AddBits(T.SubtractBits(n, half), bias), 23);
    }

    /// <summary>e^x for x ≤ 0, as in a softmax: results below the smallest normal number are 0; error at most 2 ulp otherwise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T ExpNonPositive<T>(T x)
        where T : struct, ILanes<T>
    {
        var shifted = T.MultiplyAdd(x, T.Of(Log2E), T.Of(Rounder));
        var y = TimesPowerOfTwo(ExpOfRest(x, shifted - T.Of(Rounder)), shifted);
        return T.Select(T.Less(x, T.Of(-87.33f)), T.Of(0f), y);
    }

    /// <summary>2^x for x ≤ 0; results below the smallest normal number are 0; error at most 2 ulp otherwise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Exp2NonPositive<T>(T x)
        where T : struct, ILanes<T>
    {
        var shifted = x + T.Of(Rounder);
        var y = TimesPowerOfTwo(Exp2Polynomial(x - (shifted - T.Of(Rounder))), shifted);
        return T.Select(T.Less(x, T.Of(-126f)), T.Of(0f), y);
    }

    // The low bits of `shifted` are the exponent; the rest of it leaves on the left.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T TimesPowerOfTwo<T>(T y, T shifted)
        where T : struct, ILanes<T> => T.AddBits(y, T.ShiftLeft(shifted, 23));

    // Least relative error on [−½, ½] with 1 at 0: 2e-9 before rounding.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Exp2Polynomial<T>(T r)
        where T : struct, ILanes<T>
    {
        var p = T.MultiplyAdd(T.Of(1.5353362e-4f), r, T.Of(1.33988739e-3f));
        p = T.MultiplyAdd(p, r, T.Of(9.61843692e-3f));
        p = T.MultiplyAdd(p, r, T.Of(5.55033237e-2f));
        p = T.MultiplyAdd(p, r, T.Of(2.40226477e-1f));
        p = T.MultiplyAdd(p, r, T.Of(6.93147182e-1f));
        return T.MultiplyAdd(p, r, T.Of(1f));
    }

    /// <summary>e^(x − n ln 2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ExpOfRest<T>(T x, T n)
        where T : struct, ILanes<T>
    {
        var r = T.MultiplyAdd(n, T.Of(-Ln2High), x);
        r = T.MultiplyAdd(n, T.Of(-Ln2Low), r);
        return ExpPolynomial(r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ExpPolynomial<T>(T r)
        where T : struct, ILanes<T>
    {
        var p = T.MultiplyAdd(T.Of(1.9875691500e-4f), r, T.Of(1.3981999507e-3f));
        p = T.MultiplyAdd(p, r, T.Of(8.3334519073e-3f));
        p = T.MultiplyAdd(p, r, T.Of(4.1665795894e-2f));
        p = T.MultiplyAdd(p, r, T.Of(1.6666665459e-1f));
        p = T.MultiplyAdd(p, r, T.Of(5.0000001201e-1f));
        return T.MultiplyAdd(p, r * r, r) + T.Of(1f);
    }

    /// <summary>ln x; error at most 2 ulp, subnormal arguments included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Log<T>(T x)
        where T : struct, ILanes<T>
    {
        var tiny = T.Less(x, T.Of(1.17549435e-38f));
        var scaled = T.Select(tiny, x * T.Of(8388608f), x);
        var exponent = T.ShiftRight(T.SubtractBits(scaled, T.OfBits(0x3F3504F3)), 23);
        var f = T.SubtractBits(scaled, T.ShiftLeft(exponent, 23)) - T.Of(1f);
        var e = T.BitsToFloat(exponent) - (tiny & T.Of(23f));
        var z = f * f;
        var p = T.MultiplyAdd(T.Of(7.0376836292e-2f), f, T.Of(-1.1514610310e-1f));
        p = T.MultiplyAdd(p, f, T.Of(1.1676998740e-1f));
        p = T.MultiplyAdd(p, f, T.Of(-1.2420140846e-1f));
        p = T.MultiplyAdd(p, f, T.Of(1.4249322787e-1f));
        p = T.MultiplyAdd(p, f, T.Of(-1.6668057665e-1f));
        p = T.MultiplyAdd(p, f, T.Of(2.0000714765e-1f));
        p = T.MultiplyAdd(p, f, T.Of(-2.4999993993e-1f));
        p = T.MultiplyAdd(p, f, T.Of(3.3333331174e-1f));
        var y = T.MultiplyAdd(e, T.Of(Ln2Low), f * z * p);
        y = T.MultiplyAdd(z, T.Of(-0.5f), y);
        var result = T.MultiplyAdd(e, T.Of(Ln2High), f + y);

        result = T.Select(T.Equal(x, T.Of(float.PositiveInfinity)), x, result);
        result = T.Select(T.Less(x, T.Of(0f)), T.Of(float.NaN), result);
        result = T.Select(T.Equal(x, T.Of(0f)), T.Of(float.NegativeInfinity), result);
        return T.Select(T.Equal(x, x), result, x);
    }

    /// <summary>tanh x; error at most 2 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Tanh<T>(T x)
        where T : struct, ILanes<T>
    {
        var size = T.Abs(x);
        var z = x * x;
        var p = T.MultiplyAdd(T.Of(-5.70498872745e-3f), z, T.Of(2.06390887954e-2f));
        p = T.MultiplyAdd(p, z, T.Of(-5.37397155531e-2f));
        p = T.MultiplyAdd(p, z, T.Of(1.33314422036e-1f));
        p = T.MultiplyAdd(p, z, T.Of(-3.33332819422e-1f));
        var small = T.MultiplyAdd(p * z, x, x);
        var e = Exp(size + size);
        var large = T.Of(1f) - (T.Of(2f) / (e + T.Of(1f)));
        large |= x & T.OfBits(int.MinValue);
        return T.Select(T.Less(size, T.Of(0.625f)), small, large);
    }

    /// <summary>1 / (1 + e^−x); error at most 4 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Sigmoid<T>(T x)
        where T : struct, ILanes<T>
    {
        var e = Exp(-T.Abs(x));
        var one = T.Of(1f);
        return T.Select(T.Less(x, T.Of(0f)), e, one) / (one + e);
    }
}
