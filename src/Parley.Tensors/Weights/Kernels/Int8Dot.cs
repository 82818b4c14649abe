using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors;

/// <summary>Dot products of quantised rows that lie one after another, for few inputs: reads each weight once, at the speed of memory.</summary>
internal static unsafe class Int8Dot
{
    /// <summary>Rows are padded with zeros to a multiple of this many bytes.</summary>
    internal const int Padding = 32;

    /// <summary>Weight rows that one call multiplies.</summary>
    internal const int Rows = 4;

    /// <summary>sums[j] = x · w[j] for four rows <paramref name="stride"/> bytes apart; <paramref name="length"/> is a multiple of 32.</summary>
    internal static void Four(sbyte* x, sbyte* w, long stride, int length, int* sums)
    {
        if (Avx2.IsSupported)
        {
            Four256(x, w, stride, length, sums);
        }
        else
        {
            Four128(x, w, stride, length, sums);
        }
    }

    /// <summary>x · w for one row.</summary>
    internal static int One(sbyte* x, sbyte* w, int length)
    {
        Vector128<int> sum = default;
        for (var i = 0; i < length; i += 16)
        {
            sum = Add128(sum, Vector128.Load(x + i), Vector128.Load(w + i));
        }

        return Vector128.Sum(sum);
    }

    /// <summary>Inputs that <see cref="Block"/> multiplies at most.</summary>
    internal static int Inputs => IsWide ? 4 : 3;

    private static bool IsWide => Avx512BW.IsSupported && !AvxVnni.IsSupported;

    /// <summary>sums[i, j] = x[i] · w[j] for a few inputs by up to four rows, all <paramref name="length"/> bytes apart; rows of sums are <paramref name="step"/> apart.</summary>
    internal static void Block(int inputs, sbyte* x, int rows, sbyte* w, int length, int* sums, int step)
    {
        if (rows == Rows && inputs > 1 && IsWide)
        {
            // Inputs that are not there are the last again.
            var last = (inputs - 1) * (long)length;
            var all = stackalloc int[4 * Rows];
            Four512(x, x + length, x + Math.Min(last, 2L * length), x + last, w, length, all);
            for (var i = 0; i < inputs; i++)
            {
                Vector128.Load(all + (i * Rows)).Store(sums + (i * step));
            }

            return;
        }

        if (rows == Rows && inputs > 1 && Avx2.IsSupported)
        {
            // A third input that is not there is the second again.
            var all = stackalloc int[3 * Rows];
            Three256(x, x + length, x + (Math.Min(2, inputs - 1) * (long)length), w, length, all);
            for (var i = 0; i < inputs; i++)
            {
                Vector128.Load(all + (i * Rows)).Store(sums + (i * step));
            }

            return;
        }

        for (var i = 0; i < inputs; i++)
        {
            if (rows == Rows)
            {
                Four(x + (i * (long)length), w, length, length, sums + (i * step));
                continue;
            }

            for (var j = 0; j < rows; j++)
            {
                sums[(i * step) + j] = One(x + (i * (long)length), w + (j * (long)length), length);
            }
        }
    }

    // The sign of w moves to x here, so that |w| serves all inputs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Three256(sbyte* x, sbyte* y, sbyte* z, sbyte* w, int length, int* sums)
    {
        sbyte* w1 = w + length, w2 = w1 + length, w3 = w2 + length;
        Vector256<int> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        Vector256<int> u0 = default, u1 = default, u2 = default, u3 = default;
        for (nint i = 0; i < length; i += 32)
        {
            var v = Vector256.Load(w + i);
            var magnitude = Avx2.Abs(v);
            s0 = Add256(s0, magnitude, v, Vector256.Load(x + i));
            t0 = Add256(t0, magnitude, v, Vector256.Load(y + i));
            u0 = Add256(u0, magnitude, v, Vector256.Load(z + i));
            v = Vector256.Load(w1 + i);
            magnitude = Avx2.Abs(v);
            s1 = Add256(s1, magnitude, v, Vector256.Load(x + i));
            t1 = Add256(t1, magnitude, v, Vector256.Load(y + i));
            u1 = Add256(u1, magnitude, v, Vector256.Load(z + i));
            v = Vector256.Load(w2 + i);
            magnitude = Avx2.Abs(v);
            s2 = Add256(s2, magnitude, v, Vector256.Load(x + i));
            t2 = Add256(t2, magnitude, v, Vector256.Load(y + i));
            u2 = Add256(u2, magnitude, v, Vector256.Load(z + i));
            v = Vector256.Load(w3 + i);
            magnitude = Avx2.Abs(v);
            s3 = Add256(s3, magnitude, v, Vector256.Load(x + i));
            t3 = Add256(t3, magnitude, v, Vector256.Load(y + i));
            u3 = Add256(u3, magnitude, v, Vector256.Load(z + i));
        }

        Fold(s0, s1, s2, s3).Store(sums);
        Fold(t0, t1, t2, t3).Store(sums + Rows);
        Fold(u0, u1, u2, u3).Store(sums + (2 * Rows));
    }

    // Sixteen sums of 16-bit products, for processors whose 8-bit ones take a detour over signs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four512(sbyte* x0, sbyte* x1, sbyte* x2, sbyte* x3, sbyte* w, int length, int* sums)
    {
        sbyte* w1 = w + length, w2 = w1 + length, w3 = w2 + length;
        var ahead = Rows * (nint)length;
        Vector512<int> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        Vector512<int> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
        for (nint i = 0; i < length; i += 32)
        {
            if ((i & 32) == 0)
            {
                // The next four rows.
                Prefetch.At(w + ahead + i);
                Prefetch.At(w1 + ahead + i);
                Prefetch.At(w2 + ahead + i);
                Prefetch.At(w3 + ahead + i);
            }

            Vector512<short> u0 = Shorts(w + i), u1 = Shorts(w1 + i), u2 = Shorts(w2 + i), u3 = Shorts(w3 + i);
            var v = Shorts(x0 + i);
            a0 += Avx512BW.MultiplyAddAdjacent(v, u0);
            a1 += Avx512BW.MultiplyAddAdjacent(v, u1);
            a2 += Avx512BW.MultiplyAddAdjacent(v, u2);
            a3 += Avx512BW.MultiplyAddAdjacent(v, u3);
            v = Shorts(x1 + i);
            b0 += Avx512BW.MultiplyAddAdjacent(v, u0);
            b1 += Avx512BW.MultiplyAddAdjacent(v, u1);
            b2 += Avx512BW.MultiplyAddAdjacent(v, u2);
            b3 += Avx512BW.MultiplyAddAdjacent(v, u3);
            v = Shorts(x2 + i);
            c0 += Avx512BW.MultiplyAddAdjacent(v, u0);
            c1 += Avx512BW.MultiplyAddAdjacent(v, u1);
            c2 += Avx512BW.MultiplyAddAdjacent(v, u2);
            c3 += Avx512BW.MultiplyAddAdjacent(v, u3);
            v = Shorts(x3 + i);
            d0 += Avx512BW.MultiplyAddAdjacent(v, u0);
            d1 += Avx512BW.MultiplyAddAdjacent(v, u1);
            d2 += Avx512BW.MultiplyAddAdjacent(v, u2);
            d3 += Avx512BW.MultiplyAddAdjacent(v, u3);
        }

        Fold(Half(a0), Half(a1), Half(a2), Half(a3)).Store(sums);
        Fold(Half(b0), Half(b1), Half(b2), Half(b3)).Store(sums + Rows);
        Fold(Half(c0), Half(c1), Half(c2), Half(c3)).Store(sums + (2 * Rows));
        Fold(Half(d0), Half(d1), Half(d2), Half(d3)).Store(sums + (3 * Rows));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Shorts(sbyte* values) => Avx512BW.ConvertToVector512Int16(Vector256.Load(values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Half(Vector512<int> sums) => sums.GetLower() + sums.GetUpper();

    // Pairwise sums of the four, then of their halves: one vector of the four results.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Fold(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d)
    {
        var folded = Avx2.HorizontalAdd(Avx2.HorizontalAdd(a, b), Avx2.HorizontalAdd(c, d));
        return folded.GetLower() + folded.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Four256(sbyte* x, sbyte* w, long stride, int length, int* sums)
    {
        sbyte* w0 = w, w1 = w + stride, w2 = w1 + stride, w3 = w2 + stride;
        Vector256<int> s0 = default, s1 = default, s2 = default, s3 = default;
        var ahead = Rows * stride;
        for (nint i = 0; i < length; i += 32)
        {
            if ((i & 32) == 0)
            {
                // The next four rows.
                Prefetch.At(w0 + ahead + i);
                Prefetch.At(w1 + ahead + i);
                Prefetch.At(w2 + ahead + i);
                Prefetch.At(w3 + ahead + i);
            }

            var v = Vector256.Load(x + i);
            var magnitude = Avx2.Abs(v);
            s0 = Add256(s0, magnitude, v, Vector256.Load(w0 + i));
            s1 = Add256(s1, magnitude, v, Vector256.Load(w1 + i));
            s2 = Add256(s2, magnitude, v, Vector256.Load(w2 + i));
            s3 = Add256(s3, magnitude, v, Vector256.Load(w3 + i));
        }

        Fold(s0, s1, s2, s3).Store(sums);
    }

    internal static void Four128(sbyte* x, sbyte* w, long stride, int length, int* sums)
    {
        for (var j = 0; j < Rows; j++)
        {
            sums[j] = One(x, w + (j * stride), length);
        }
    }

    // |x| · (w with the sign of x): pairs reach 2·127² = 32258, below the 16-bit limit where vpmaddubsw would saturate.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Add256(Vector256<int> sum, Vector256<byte> magnitude, Vector256<sbyte> x, Vector256<sbyte> w)
    {
        var signed = Avx2.Sign(w, x);
        return AvxVnni.IsSupported
            ? AvxVnni.MultiplyWideningAndAdd(sum, magnitude, signed)
            : sum + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(magnitude, signed), Vector256<short>.One);
    }

    /// <summary>sum + x · w, in whichever lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<int> Add128(Vector128<int> sum, Vector128<sbyte> x, Vector128<sbyte> w)
    {
        if (Dp.IsSupported)
        {
            return Dp.DotProduct(sum, x, w);
        }

        var (xLow, xHigh) = Vector128.Widen(x);
        var (wLow, wHigh) = Vector128.Widen(w);
        if (Sse2.IsSupported)
        {
            return sum + Sse2.MultiplyAddAdjacent(xLow, wLow) + Sse2.MultiplyAddAdjacent(xHigh, wHigh);
        }

        var (low, high) = Vector128.Widen((xLow * wLow) + (xHigh * wHigh));
        return sum + low + high;
    }
}
