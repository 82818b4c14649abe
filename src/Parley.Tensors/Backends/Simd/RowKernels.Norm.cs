using System.Runtime.Intrinsics;

namespace Parley.Tensors;

internal static unsafe partial class RowKernels
{
    /// <summary>Layer norm of one row.</summary>
    internal static void LayerNorm(float* x, float* weight, float* bias, float epsilon, float* y, long count)
    {
        // Summed from the first value on, the mean of a constant row is exact; what it loses in float goes into the shift.
        var mean = x[0] + (Sum(x, x[0], count) / count);
        var center = (float)mean;
        var lost = mean - center;
        var variance = (SquareSum(x, center, count) / count) - (lost * lost);
        var scale = 1 / Math.Sqrt(variance + epsilon);
        Normalize(x, center, (float)scale, (float)(-lost * scale), weight, bias, y, count);
    }

    /// <summary>RMS norm of one row.</summary>
    internal static void RmsNorm(float* x, float* weight, float epsilon, float* y, long count)
    {
        var square = SquareSum(x, 0f, count) / count;
        Normalize(x, 0f, (float)(1 / Math.Sqrt(square + epsilon)), 0f, weight, null, y, count);
    }

    internal static float Max<T>(float* x, long count)
        where T : struct, ILanes<T>
    {
        var (a, b) = (T.Of(float.NegativeInfinity), T.Of(float.NegativeInfinity));
        long i = 0;
        for (; i <= count - (2 * T.Count); i += 2 * T.Count)
        {
            a = T.Max(a, T.Load(x + i));
            b = T.Max(b, T.Load(x + i + T.Count));
        }

        for (; i < count; i += T.Count)
        {
            a = T.Max(a, count - i >= T.Count ? T.Load(x + i) : ElementLoops.LoadPart<T>(x + i, count - i, float.NegativeInfinity));
        }

        var lanes = stackalloc float[16];
        T.Max(a, b).Store(lanes);
        var max = lanes[0];
        for (var lane = 1; lane < T.Count; lane++)
        {
            max = Math.Max(max, lanes[lane]);
        }

        return max;
    }

    internal static void Normalize<T>(float* x, float center, float scale, float shift, float* weight, float* bias, float* y, long count)
        where T : struct, ILanes<T>
    {
        var (middle, factor, term) = (T.Of(center), T.Of(scale), T.Of(shift));
        long i = 0;
        if (weight is not null && bias is not null)
        {
            for (; i <= count - T.Count; i += T.Count)
            {
                T.MultiplyAdd(T.MultiplyAdd(T.Load(x + i) - middle, factor, term), T.Load(weight + i), T.Load(bias + i)).Store(y + i);
            }
        }
        else
        {
            for (; i <= count - T.Count; i += T.Count)
            {
                var value = T.MultiplyAdd(T.Load(x + i) - middle, factor, term);
                value = weight is null ? value : value * T.Load(weight + i);
                value = bias is null ? value : value + T.Load(bias + i);
                value.Store(y + i);
            }
        }

        if (i < count)
        {
            var value = T.MultiplyAdd(ElementLoops.LoadPart<T>(x + i, count - i, 0f) - middle, factor, term);
            value = weight is null ? value : value * ElementLoops.LoadPart<T>(weight + i, count - i, 0f);
            value = bias is null ? value : value + ElementLoops.LoadPart<T>(bias + i, count - i, 0f);
            ElementLoops.StorePart(value, y + i, count - i);
        }
    }

    /// <summary>y = (x − center) scale + shift.</summary>
    internal static void Center(float* x, float center, float scale, float shift, float* y, long count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Center<Lanes512>(x, center, scale, shift, y, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Center<Lanes256>(x, center, scale, shift, y, count);
        }
        else
        {
            Center<Lanes128>(x, center, scale, shift, y, count);
        }
    }

    internal static void Center<T>(float* x, float center, float scale, float shift, float* y, long count)
        where T : struct, ILanes<T>
    {
        var (middle, factor, term) = (T.Of(center), T.Of(scale), T.Of(shift));
        long i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            T.MultiplyAdd(T.Load(x + i) - middle, factor, term).Store(y + i);
        }

        if (i < count)
        {
            ElementLoops.StorePart(T.MultiplyAdd(ElementLoops.LoadPart<T>(x + i, count - i, 0f) - middle, factor, term), y + i, count - i);
        }
    }
}
