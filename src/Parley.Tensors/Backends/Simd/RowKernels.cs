using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Kernels over one dense row, at the machine's width; the forms with a type argument are the kernels, the others choose it.</summary>
internal static unsafe partial class RowKernels
{
    /// <summary>Floats that are summed in float before the sum goes on in double.</summary>
    private const long SumBlock = 4096;

    /// <summary>y = scale x + shift.</summary>
    internal static void Affine(float* x, float scale, float shift, float* y, long count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Affine<Lanes512>(x, scale, shift, y, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Affine<Lanes256>(x, scale, shift, y, count);
        }
        else
        {
            Affine<Lanes128>(x, scale, shift, y, count);
        }
    }

    /// <summary>y = softmax(x) or its logarithm.</summary>
    internal static void Softmax(float* x, bool logarithm, float* y, long count) => Softmax(x, logarithm, y, y, count);

    /// <summary>The same with room for <paramref name="count"/> floats to work in; when that is not y itself, y goes to memory past the caches.</summary>
    internal static void Softmax(float* x, bool logarithm, float* work, float* y, long count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Softmax<Lanes512>(x, logarithm, work, y, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Softmax<Lanes256>(x, logarithm, work, y, count);
        }
        else
        {
            Softmax<Lanes128>(x, logarithm, work, y, count);
        }
    }

    /// <summary>Σ x.</summary>
    internal static double Sum(float* x, long count) => Sum(x, 0f, count);

    /// <summary>Σ (x − center).</summary>
    internal static double Sum(float* x, float center, long count) => Vector512.IsHardwareAccelerated
        ? Sum<Lanes512>(x, center, count)
        : Vector256.IsHardwareAccelerated ? Sum<Lanes256>(x, center, count) : Sum<Lanes128>(x, center, count);

    /// <summary>Σ (x − center)².</summary>
    internal static double SquareSum(float* x, float center, long count) => Vector512.IsHardwareAccelerated
        ? SquareSum<Lanes512>(x, center, count)
        : Vector256.IsHardwareAccelerated ? SquareSum<Lanes256>(x, center, count) : SquareSum<Lanes128>(x, center, count);

    /// <summary>The largest value; NaN if there is one, −∞ if there is none.</summary>
    internal static float Max(float* x, long count) =>
        Vector512.IsHardwareAccelerated ? Max<Lanes512>(x, count) : Vector256.IsHardwareAccelerated ? Max<Lanes256>(x, count) : Max<Lanes128>(x, count);

    /// <summary>y = ((x − center) scale + shift) weight + bias, element by element; weight and bias may be null.</summary>
    internal static void Normalize(float* x, float center, float scale, float shift, float* weight, float* bias, float* y, long count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Normalize<Lanes512>(x, center, scale, shift, weight, bias, y, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Normalize<Lanes256>(x, center, scale, shift, weight, bias, y, count);
        }
        else
        {
            Normalize<Lanes128>(x, center, scale, shift, weight, bias, y, count);
        }
    }

    internal static void Affine<T>(float* x, float scale, float shift, float* y, long count)
        where T : struct, ILanes<T>
    {
        var (factor, term) = (T.Of(scale), T.Of(shift));
        long i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            ((T.Load(x + i) * factor) + term).Store(y + i);
        }

        if (i < count)
        {
            ElementLoops.StorePart((ElementLoops.LoadPart<T>(x + i, count - i, 0f) * factor) + term, y + i, count - i);
        }
    }

    internal static void Softmax<T>(float* x, bool logarithm, float* work, float* y, long count)
        where T : struct, ILanes<T>
    {
        // A NaN may be lost in this maximum, but not in the sum below.
        var top = T.Of(float.NegativeInfinity);
        var top2 = top;
        long i = 0;
        for (; i <= count - (2 * T.Count); i += 2 * T.Count)
        {
            top = T.MaxNative(T.Load(x + i), top);
            top2 = T.MaxNative(T.Load(x + i + T.Count), top2);
        }

        for (; i < count; i += T.Count)
        {
            top = T.MaxNative(count - i >= T.Count ? T.Load(x + i) : ElementLoops.LoadPart<T>(x + i, count - i, float.NegativeInfinity), top);
        }

        var lanes = stackalloc float[16];
        T.MaxNative(top, top2).Store(lanes);
        var max = lanes[0];
        for (var lane = 1; lane < T.Count; lane++)
        {
            max = lanes[lane] > max || float.IsNaN(max) ? lanes[lane] : max;
        }

        if (float.IsNegativeInfinity(max) || float.IsNaN(max))
        {
            var fill = float.IsNaN(Max<T>(x, count)) ? float.NaN : logarithm ? float.NegativeInfinity : 0f;
            new Span<float>(y, (int)count).Fill(fill);
            return;
        }

        var center = T.Of(max);
        var (sum, sum2) = (T.Of(0f), T.Of(0f));
        i = 0;
        for (; i <= count - (2 * T.Count); i += 2 * T.Count)
        {
            // What follows is likely the next row: it arrives while this one is computed.
            Prefetch.At(x + count + i);
            Prefetch.At(x + count + i + T.Count);
            var e = VectorMath.ExpNonPositive(T.Load(x + i) - center);
            var e2 = VectorMath.ExpNonPositive(T.Load(x + i + T.Count) - center);
            sum += e;
            sum2 += e2;
            if (!logarithm)
            {
                e.Store(work + i);
                e2.Store(work + i + T.Count);
            }
        }

        for (; i < count; i += T.Count)
        {
            var here = Math.Min(T.Count, count - i);
            var e = VectorMath.ExpNonPositive((here == T.Count ? T.Load(x + i) : ElementLoops.LoadPart<T>(x + i, here, float.NegativeInfinity)) - center);
            sum += e;
            if (!logarithm)
            {
                ElementLoops.StorePart(e, work + i, here);
            }
        }

        var total = (sum + sum2).Sum();
        if (logarithm)
        {
            Affine<T>(x, 1f, (float)-(max + Math.Log(total)), y, count);
        }
        else if (work == y)
        {
            Affine<T>(y, 1f / total, 0f, y, count);
        }
        else
        {
            Stream(work, 1f / total, y, count);
        }
    }

    /// <summary>y = scale x, written past the caches: for results too large to be found there by whoever reads them.</summary>
    private static void Stream(float* x, float scale, float* y, long count)
    {
        var factor = Vector512.Create(scale);
        long i = 0;
        for (; i < count && ((nint)(y + i) & 63) != 0; i++)
        {
            y[i] = x[i] * scale;
        }

        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            (Vector512.Load(x + i) * factor).StoreAlignedNonTemporal(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = x[i] * scale;
        }
    }

    internal static double Sum<T>(float* x, float center, long count)
        where T : struct, ILanes<T>
    {
        double total = 0;
        var middle = T.Of(center);
        for (; count > 0; x += SumBlock, count -= SumBlock)
        {
            var here = Math.Min(count, SumBlock);
            var (a, b, c, d) = (T.Of(0f), T.Of(0f), T.Of(0f), T.Of(0f));
            long i = 0;
            for (; i <= here - (4 * T.Count); i += 4 * T.Count)
            {
                a += T.Load(x + i) - middle;
                b += T.Load(x + i + T.Count) - middle;
                c += T.Load(x + i + (2 * T.Count)) - middle;
                d += T.Load(x + i + (3 * T.Count)) - middle;
            }

            for (; i < here; i += T.Count)
            {
                a += (here - i >= T.Count ? T.Load(x + i) : ElementLoops.LoadPart<T>(x + i, here - i, center)) - middle;
            }

            total += (a + b + (c + d)).Sum();
        }

        return total;
    }

    internal static double SquareSum<T>(float* x, float center, long count)
        where T : struct, ILanes<T>
    {
        double total = 0;
        var middle = T.Of(center);
        for (; count > 0; x += SumBlock, count -= SumBlock)
        {
            var here = Math.Min(count, SumBlock);
            var (a, b, c, d) = (T.Of(0f), T.Of(0f), T.Of(0f), T.Of(0f));
            long i = 0;
            for (; i <= here - (4 * T.Count); i += 4 * T.Count)
            {
                var (p, q) = (T.Load(x + i) - middle, T.Load(x + i + T.Count) - middle);
                var (r, s) = (T.Load(x + i + (2 * T.Count)) - middle, T.Load(x + i + (3 * T.Count)) - middle);
                a = T.MultiplyAdd(p, p, a);
                b = T.MultiplyAdd(q, q, b);
                c = T.MultiplyAdd(r, r, c);
                d = T.MultiplyAdd(s, s, d);
            }

            for (; i < here; i += T.Count)
            {
                var p = (here - i >= T.Count ? T.Load(x + i) : ElementLoops.LoadPart<T>(x + i, here - i, center)) - middle;
                a = T.MultiplyAdd(p, p, a);
            }

            total += (a + b + (c + d)).Sum();
        }

        return total;
    }
}
