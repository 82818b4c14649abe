using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Gradient of the kernels of a depthwise convolution of stride 1: one dot product of two rows for each tap.</summary>
internal static unsafe class ConvGradient
{
    /// <summary>dw[k] += Σ_t g[t] x[t + k dilation]; x is padded, so that every tap has <paramref name="count"/> values.</summary>
    internal static void Taps(float* x, int dilation, float* g, long count, float* dw, int kernel)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Taps<Lanes512>(x, dilation, g, count, dw, kernel);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Taps<Lanes256>(x, dilation, g, count, dw, kernel);
        }
        else
        {
            Taps<Lanes128>(x, dilation, g, count, dw, kernel);
        }
    }

    private static void Taps<T>(float* x, int dilation, float* g, long count, float* dw, int kernel)
        where T : struct, ILanes<T>
    {
        var k = 0;
        for (; k <= kernel - 4; k += 4)
        {
            var from = x + ((long)k * dilation);
            var step = (long)dilation;
            var (a, b, c, d) = (T.Of(0f), T.Of(0f), T.Of(0f), T.Of(0f));
            long t = 0;
            for (; t <= count - T.Count; t += T.Count)
            {
                var gradient = T.Load(g + t);
                a = T.MultiplyAdd(gradient, T.Load(from + t), a);
                b = T.MultiplyAdd(gradient, T.Load(from + step + t), b);
                c = T.MultiplyAdd(gradient, T.Load(from + (2 * step) + t), c);
                d = T.MultiplyAdd(gradient, T.Load(from + (3 * step) + t), d);
            }

            dw[k] += a.Sum() + Rest(from, g, t, count);
            dw[k + 1] += b.Sum() + Rest(from + step, g, t, count);
            dw[k + 2] += c.Sum() + Rest(from + (2 * step), g, t, count);
            dw[k + 3] += d.Sum() + Rest(from + (3 * step), g, t, count);
        }

        for (; k < kernel; k++)
        {
            var from = x + ((long)k * dilation);
            var a = T.Of(0f);
            long t = 0;
            for (; t <= count - T.Count; t += T.Count)
            {
                a = T.MultiplyAdd(T.Load(g + t), T.Load(from + t), a);
            }

            dw[k] += a.Sum() + Rest(from, g, t, count);
        }
    }

    private static float Rest(float* x, float* g, long start, long count)
    {
        var sum = 0f;
        for (var t = start; t < count; t++)
        {
            sum += x[t] * g[t];
        }

        return sum;
    }
}
