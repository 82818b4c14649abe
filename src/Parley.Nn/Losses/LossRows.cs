using System.Runtime.Intrinsics;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>What the losses do with one row of scores, at the machine's width.</summary>
internal static unsafe class LossRows
{
    /// <summary>The largest score, of which a NaN may be lost, and Σ e^(x − largest), in which it is not; the addends go to <paramref name="y"/> unless it is null.</summary>
    /// <remarks>The sum is NaN also where a score is +∞ and where all are −∞.</remarks>
    internal static (float Largest, double Sum) Exponentials(float* x, float* y, long count) => Vector512.IsHardwareAccelerated
        ? Exponentials<Lanes512>(x, y, count)
        : Vector256.IsHardwareAccelerated ? Exponentials<Lanes256>(x, y, count) : Exponentials<Lanes128>(x, y, count);

    /// <summary>y = scale e^(x − shift), where no x is above the shift, but for rounding; x and y may be the same.</summary>
    internal static void ScaledExp(float* x, float shift, float scale, float* y, long count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            ScaledExp<Lanes512>(x, shift, scale, y, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            ScaledExp<Lanes256>(x, shift, scale, y, count);
        }
        else
        {
            ScaledExp<Lanes128>(x, shift, scale, y, count);
        }
    }

    /// <summary>Moves values outside ±<paramref name="bound"/> to it.</summary>
    internal static void Clamp(float* x, float bound, long count)
    {
        for (long i = 0; i < count; i++)
        {
            x[i] = Math.Clamp(x[i], -bound, bound);
        }
    }

    private static (float Largest, double Sum) Exponentials<T>(float* x, float* y, long count)
        where T : struct, ILanes<T>
    {
        var (top, top2) = (T.Of(float.NegativeInfinity), T.Of(float.NegativeInfinity));
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

        var largest = Largest(T.MaxNative(top, top2));
        if (float.IsInfinity(largest))
        {
            return (largest, double.NaN);
        }

        var center = T.Of(largest);
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
            if (y is not null)
            {
                e.Store(y + i);
                e2.Store(y + i + T.Count);
            }
        }

        for (; i < count; i += T.Count)
        {
            var here = Math.Min(T.Count, count - i);
            var e = VectorMath.ExpNonPositive((here == T.Count ? T.Load(x + i) : ElementLoops.LoadPart<T>(x + i, here, float.NegativeInfinity)) - center);
            sum += e;
            if (y is not null)
            {
                ElementLoops.StorePart(e, y + i, here);
            }
        }

        return (largest, (sum + sum2).Sum());
    }

    /// <summary>The largest lane; a NaN may be lost.</summary>
    private static float Largest<T>(T lanes)
        where T : struct, ILanes<T>
    {
        var buffer = stackalloc float[16];
        lanes.Store(buffer);
        var top = buffer[0];
        for (var i = 1; i < T.Count; i++)
        {
            top = buffer[i] > top || float.IsNaN(top) ? buffer[i] : top;
        }

        return top;
    }

    private static void ScaledExp<T>(float* x, float shift, float scale, float* y, long count)
        where T : struct, ILanes<T>
    {
        var (center, factor) = (T.Of(shift), T.Of(scale));
        long i = 0;
        for (; i <= count - (2 * T.Count); i += 2 * T.Count)
        {
            var first = VectorMath.ExpNonPositive(T.Load(x + i) - center) * factor;
            var second = VectorMath.ExpNonPositive(T.Load(x + i + T.Count) - center) * factor;
            first.Store(y + i);
            second.Store(y + i + T.Count);
        }

        for (; i < count; i += T.Count)
        {
            var here = Math.Min(T.Count, count - i);
            var value = here == T.Count ? T.Load(x + i) : ElementLoops.LoadPart<T>(x + i, here, 0f);
            ElementLoops.StorePart(VectorMath.ExpNonPositive(value - center) * factor, y + i, here);
        }
    }
}
