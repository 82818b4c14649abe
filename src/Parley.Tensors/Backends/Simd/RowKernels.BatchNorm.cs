using System.Runtime.Intrinsics;

namespace Parley.Tensors;

internal static unsafe partial class RowKernels
{
    /// <summary>Σ g (x − center).</summary>
    internal static double CenteredDot(float* g, float* x, float center, long count) => Vector512.IsHardwareAccelerated
        ? CenteredDot<Lanes512>(g, x, center, count)
        : Vector256.IsHardwareAccelerated ? CenteredDot<Lanes256>(g, x, center, count) : CenteredDot<Lanes128>(g, x, center, count);

    /// <summary>y = factor g + slope (x − center) + term.</summary>
    internal static void Combine(float* g, float factor, float* x, float center, float slope, float term, float* y, long count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Combine<Lanes512>(g, factor, x, center, slope, term, y, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Combine<Lanes256>(g, factor, x, center, slope, term, y, count);
        }
        else
        {
            Combine<Lanes128>(g, factor, x, center, slope, term, y, count);
        }
    }

    internal static double CenteredDot<T>(float* g, float* x, float center, long count)
        where T : struct, ILanes<T>
    {
        // Runs of floats that are short enough for float sums, added up in double.
        const int run = 1024;
        double total = 0;
        var middle = T.Of(center);
        for (long start = 0; start < count; start += run)
        {
            var end = Math.Min(count, start + run);
            T first = default, second = default;
            var i = start;
            for (; i <= end - (2 * T.Count); i += 2 * T.Count)
            {
                first = T.MultiplyAdd(T.Load(g + i), T.Load(x + i) - middle, first);
                second = T.MultiplyAdd(T.Load(g + i + T.Count), T.Load(x + i + T.Count) - middle, second);
            }

            total += (first + second).Sum();
            for (; i < end; i++)
            {
                total += g[i] * ((double)x[i] - center);
            }
        }

        return total;
    }

    internal static void Combine<T>(float* g, float factor, float* x, float center, float slope, float term, float* y, long count)
        where T : struct, ILanes<T>
    {
        var (a, middle, b, c) = (T.Of(factor), T.Of(center), T.Of(slope), T.Of(term));
        long i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            T.MultiplyAdd(T.Load(g + i), a, T.MultiplyAdd(T.Load(x + i) - middle, b, c)).Store(y + i);
        }

        if (i < count)
        {
            var (gradient, value) = (ElementLoops.LoadPart<T>(g + i, count - i, 0f), ElementLoops.LoadPart<T>(x + i, count - i, 0f));
            ElementLoops.StorePart(T.MultiplyAdd(gradient, a, T.MultiplyAdd(value - middle, b, c)), y + i, count - i);
        }
    }
}
