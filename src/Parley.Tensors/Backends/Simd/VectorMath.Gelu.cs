using System.Runtime.CompilerServices;

namespace Parley.Tensors;

// With Q(t) = Φ(−t) = ½ erfc(t/√2) = e^(−t²/2) R(t): R falls smoothly from ½, and in u = 1/(1 + 0.35 t) a polynomial follows it to
// 4e-8 relative (Chebyshev interpolation of R(t)/u, made for Parley). Q stays exact far into the tail, where 1 + erf has cancelled away.
internal static partial class VectorMath
{
    private const float TailScale = 0.35f;

    /// <summary>x Φ(x); error at most 8 ulp down to results of 1e-37; 72 ulp far in the negative tail on machines without fused multiply-add.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Gelu<T>(T x)
        where T : struct, ILanes<T>
    {
        var t = T.MinNative(T.Of(16f), T.Abs(x));
        return T.MaxNative(T.Of(0f), x) - (t * NormalTail(t));
    }

    /// <summary>The tanh form of GELU, as x σ(2√(2/π)(x + 0.044715 x³)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T GeluTanh<T>(T x)
        where T : struct, ILanes<T>
    {
        var inner = x * T.MultiplyAdd(x * x, T.Of(1.5957691216f * 0.044715f), T.Of(1.5957691216f));
        return T.MaxNative(T.Of(-110f), x) * Sigmoid(inner);
    }

    /// <summary>x σ(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Silu<T>(T x)
        where T : struct, ILanes<T> => T.MaxNative(T.Of(-110f), x) * Sigmoid(x);

    /// <summary>The error function; error at most 3 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Erf<T>(T x)
        where T : struct, ILanes<T>
    {
        var z = x * x;
        var p = T.MultiplyAdd(T.Of(7.875874871388078e-05f), z, T.Of(-0.000801686430349946f));
        p = T.MultiplyAdd(p, z, T.Of(0.005189087241888046f));
        p = T.MultiplyAdd(p, z, T.Of(-0.02685421146452427f));
        p = T.MultiplyAdd(p, z, T.Of(0.11283594369888306f));
        p = T.MultiplyAdd(p, z, T.Of(-0.3761262595653534f));
        p = T.MultiplyAdd(p, z, T.Of(1.1283791065216064f));
        var size = T.Abs(x);
        var tail = NormalTail(T.MinNative(T.Of(16f), size * T.Of(1.41421356f)));
        var large = T.MultiplyAdd(T.Of(-2f), tail, T.Of(1f)) | (x & T.OfBits(int.MinValue));
        return T.Select(T.Less(size, T.Of(1f)), x * p, large);
    }

    /// <summary>Φ(−t) for 0 ≤ t ≤ 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T NormalTail<T>(T t)
        where T : struct, ILanes<T>
    {
        var u = T.Of(1f) / T.MultiplyAdd(T.Of(TailScale), t, T.Of(1f));
        var p = T.MultiplyAdd(T.Of(-0.029732275754213333f), u, T.Of(0.1467839926481247f));
        p = T.MultiplyAdd(p, u, T.Of(-0.26141053438186646f));
        p = T.MultiplyAdd(p, u, T.Of(0.1655101627111435f));
        p = T.MultiplyAdd(p, u, T.Of(-0.027321910485625267f));
        p = T.MultiplyAdd(p, u, T.Of(0.10721249878406525f));
        p = T.MultiplyAdd(p, u, T.Of(0.11942509561777115f));
        p = T.MultiplyAdd(p, u, T.Of(0.13991433382034302f));
        p = T.MultiplyAdd(p, u, T.Of(0.1396186351776123f));

        // t² rounds; what it loses goes into the exponent as well, or the tail would be off by t² ulp.
        var square = t * t;
        var lost = T.MultiplyAdd(t, t, -square);
        var x = square * T.Of(-0.5f);
        var shifted = T.MultiplyAdd(x, T.Of(Log2E), T.Of(Rounder));
        var n = shifted - T.Of(Rounder);
        var r = T.MultiplyAdd(n, T.Of(-Ln2High), x);
        r = T.MultiplyAdd(n, T.Of(-Ln2Low), r);
        r = T.MultiplyAdd(lost, T.Of(-0.5f), r);
        var e = T.AddBits(ExpPolynomial(r), T.ShiftLeft(shifted, 23));
        return T.Select(T.Less(x, T.Of(-87.33f)), T.Of(0f), e * u * p);
    }
}
