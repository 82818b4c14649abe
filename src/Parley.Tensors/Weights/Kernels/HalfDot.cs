using System.Numerics;
using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>Dot products with rows of 16-bit floats, decoded in registers on the way: reads each weight once, at the speed of memory.</summary>
/// <remarks>A 32-bit word holds an even and an odd k, so inputs are kept as two streams, even and odd.</remarks>
internal static unsafe class HalfDot<TCode>
    where TCode : struct, IHalfCode
{
    internal const int Rows = 2;
    internal const int Inputs = 4;

    /// <summary>Floats that the even (or odd) stream of a row takes.</summary>
    internal static int StreamLength(int count) => (count + 1) / 2;

    /// <summary>Splits a row into its even and odd values.</summary>
    internal static void Split(float* x, int count, float* even, float* odd)
    {
        for (var i = 0; i < count / 2; i++)
        {
            even[i] = x[2 * i];
            odd[i] = x[(2 * i) + 1];
        }

        if (count % 2 != 0)
        {
            even[count / 2] = x[count - 1];
            odd[count / 2] = 0;
        }
    }

    /// <summary>sums[j] = x · w[j] for two rows: as many as decode without leaving the registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Two(ushort* w, long stride, float* even, float* odd, int count, float* sums)
    {
        var width = Vector<float>.Count;
        ushort* w0 = w, w1 = w + stride;
        Vector<float> e0 = default, e1 = default, o0 = default, o1 = default;
        Vector<short> special = default;
        var i = 0;
        for (; i <= (count / 2) - width; i += width)
        {
            var xEven = Vector.Load(even + i);
            var xOdd = Vector.Load(odd + i);
            Step((uint*)w0 + i, xEven, xOdd, ref e0, ref o0, ref special);
            Step((uint*)w1 + i, xEven, xOdd, ref e1, ref o1, ref special);
        }

        // Nothing vectorised lives past this point: a call would keep it in memory inside the loop as well.
        var (first, second) = (Vector.Sum(e0 + o0), Vector.Sum(e1 + o1));
        var again = TCode.HasSpecial && special != Vector<short>.Zero;
        sums[0] = again ? Rest(w0, even, odd, 0, count) : first + Rest(w0, even, odd, 2 * i, count);
        sums[1] = again ? Rest(w1, even, odd, 0, count) : second + Rest(w1, even, odd, 2 * i, count);
    }

    /// <summary>x · w for one row, added up in the same order as <see cref="Two"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float One(ushort* w, float* even, float* odd, int count)
    {
        var width = Vector<float>.Count;
        Vector<float> e = default, o = default;
        Vector<short> special = default;
        var i = 0;
        for (; i <= (count / 2) - width; i += width)
        {
            Step((uint*)w + i, Vector.Load(even + i), Vector.Load(odd + i), ref e, ref o, ref special);
        }

        return TCode.HasSpecial && special != Vector<short>.Zero
            ? Rest(w, even, odd, 0, count)
            : Vector.Sum(e + o) + Rest(w, even, odd, 2 * i, count);
    }

    /// <summary>sums[i] = x[i] · w for four inputs, whose odd values lie <paramref name="stream"/> behind the even ones; added up in the same order as <see cref="Two"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Four(ushort* w, float* x0, float* x1, float* x2, float* x3, long stream, int count, float* sums)
    {
        var width = Vector<float>.Count;
        Vector<float> e0 = default, e1 = default, e2 = default, e3 = default, o0 = default, o1 = default, o2 = default, o3 = default;
        Vector<short> special = default;
        nint i = 0;
        for (; i <= (count / 2) - width; i += width)
        {
            var pairs = Vector.Load((uint*)w + i);
            TCode.Decode(pairs, out var even, out var odd);
            e0 = Vector.FusedMultiplyAdd(even, Vector.Load(x0 + i), e0);
            e1 = Vector.FusedMultiplyAdd(even, Vector.Load(x1 + i), e1);
            e2 = Vector.FusedMultiplyAdd(even, Vector.Load(x2 + i), e2);
            e3 = Vector.FusedMultiplyAdd(even, Vector.Load(x3 + i), e3);
            o0 = Vector.FusedMultiplyAdd(odd, Vector.Load(x0 + stream + i), o0);
            o1 = Vector.FusedMultiplyAdd(odd, Vector.Load(x1 + stream + i), o1);
            o2 = Vector.FusedMultiplyAdd(odd, Vector.Load(x2 + stream + i), o2);
            o3 = Vector.FusedMultiplyAdd(odd, Vector.Load(x3 + stream + i), o3);
            if (TCode.HasSpecial)
            {
                special |= TCode.Special(pairs);
            }
        }

        var (a, b, c, d) = (Vector.Sum(e0 + o0), Vector.Sum(e1 + o1), Vector.Sum(e2 + o2), Vector.Sum(e3 + o3));
        var again = TCode.HasSpecial && special != Vector<short>.Zero;
        var start = again ? 0 : 2 * (int)i;
        sums[0] = (again ? 0 : a) + Rest(w, x0, x0 + stream, start, count);
        sums[1] = (again ? 0 : b) + Rest(w, x1, x1 + stream, start, count);
        sums[2] = (again ? 0 : c) + Rest(w, x2, x2 + stream, start, count);
        sums[3] = (again ? 0 : d) + Rest(w, x3, x3 + stream, start, count);
    }

    /// <summary>Decodes a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Decode(ushort* w, int count, float* target)
    {
        var i = 0;
        var width = Vector<float>.Count;
        for (; i <= count - (2 * width); i += 2 * width)
        {
            // Each code becomes the lower half of a word of its own.
            Vector.Widen(Vector.Load(w + i), out var first, out var second);
            if (TCode.HasSpecial && (TCode.Special(first) | TCode.Special(second)) != Vector<short>.Zero)
            {
                break;
            }

            TCode.Decode(first, out var low, out _);
            TCode.Decode(second, out var high, out _);
            Vector.Store(low, target + i);
            Vector.Store(high, target + i + width);
        }

        for (; i < count; i++)
        {
            target[i] = TCode.Decode(w[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(uint* w, Vector<float> xEven, Vector<float> xOdd, ref Vector<float> even, ref Vector<float> odd, ref Vector<short> special)
    {
        var pairs = Vector.Load(w);
        TCode.Decode(pairs, out var wEven, out var wOdd);
        even = Vector.FusedMultiplyAdd(wEven, xEven, even);
        odd = Vector.FusedMultiplyAdd(wOdd, xOdd, odd);
        if (TCode.HasSpecial)
        {
            special |= TCode.Special(pairs);
        }
    }

    private static float Rest(ushort* w, float* even, float* odd, int start, int count)
    {
        var sum = 0f;
        for (var i = start; i < count; i++)
        {
            sum += TCode.Decode(w[i]) * (i % 2 == 0 ? even : odd)[i / 2];
        }

        return sum;
    }
}
