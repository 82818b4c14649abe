using System.Runtime.Intrinsics;

namespace Parley.Tensors;

internal static unsafe partial class RowKernels
{
    /// <summary>dx = y (g − Σ g y), or g − e^y Σ g for the logarithm.</summary>
    internal static void SoftmaxGradient(float* y, bool logarithm, float* g, float* dx, long count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            SoftmaxGradient<Lanes512>(y, logarithm, g, dx, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            SoftmaxGradient<Lanes256>(y, logarithm, g, dx, count);
        }
        else
        {
            SoftmaxGradient<Lanes128>(y, logarithm, g, dx, count);
        }
    }

    /// <summary>
    /// dx of one normalised row, x̂ = (x − center) scale: scale (g w − mean(g w) − x̂ mean(g w x̂)), the first mean only when <paramref name="centers"/>.
    /// Adds g x̂ to dw and g to db; weight and db may be null.
    /// </summary>
    internal static void NormGradient(float* x, float center, float scale, bool centers, float* weight, float* g, float* dx, float* dw, float* db, long count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            NormGradient<Lanes512>(x, center, scale, centers, weight, g, dx, dw, db, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            NormGradient<Lanes256>(x, center, scale, centers, weight, g, dx, dw, db, count);
        }
        else
        {
            NormGradient<Lanes128>(x, center, scale, centers, weight, g, dx, dw, db, count);
        }
    }

    internal static void SoftmaxGradient<T>(float* y, bool logarithm, float* g, float* dx, long count)
        where T : struct, ILanes<T>
    {
        var sums = T.Of(0f);
        long i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            sums = logarithm ? sums + T.Load(g + i) : T.MultiplyAdd(T.Load(g + i), T.Load(y + i), sums);
        }

        var sum = sums.Sum();
        for (; i < count; i++)
        {
            sum += logarithm ? g[i] : g[i] * y[i];
        }

        var all = T.Of(sum);
        for (i = 0; i <= count - T.Count; i += T.Count)
        {
            SoftmaxGradient(T.Load(y + i), T.Load(g + i), all, logarithm).Store(dx + i);
        }

        if (i < count)
        {
            var (result, gradient) = (ElementLoops.LoadPart<T>(y + i, count - i, 0f), ElementLoops.LoadPart<T>(g + i, count - i, 0f));
            ElementLoops.StorePart(SoftmaxGradient(result, gradient, all, logarithm), dx + i, count - i);
        }
    }

    private static T SoftmaxGradient<T>(T y, T g, T sum, bool logarithm)
        where T : struct, ILanes<T> => logarithm ? g - (VectorMath.Exp(y) * sum) : y * (g - sum);

    internal static void NormGradient<T>(float* x, float center, float scale, bool centers, float* weight, float* g, float* dx, float* dw, float* db, long count)
        where T : struct, ILanes<T>
    {
        var (middle, factor) = (T.Of(center), T.Of(scale));
        var (sums, dots) = (T.Of(0f), T.Of(0f));
        long i = 0;
        for (; i <= count - T.Count; i += T.Count)
        {
            var (normal, gradient) = ((T.Load(x + i) - middle) * factor, T.Load(g + i));
            T.MultiplyAdd(gradient, normal, T.Load(dw + i)).Store(dw + i);
            if (db is not null)
            {
                (T.Load(db + i) + gradient).Store(db + i);
            }

            gradient = weight is null ? gradient : gradient * T.Load(weight + i);
            sums += gradient;
            dots = T.MultiplyAdd(gradient, normal, dots);
        }

        var (sum, dot) = (sums.Sum(), dots.Sum());
        for (; i < count; i++)
        {
            var (normal, gradient) = ((x[i] - center) * scale, g[i]);
            dw[i] += gradient * normal;
            if (db is not null)
            {
                db[i] += gradient;
            }

            gradient *= weight is null ? 1f : weight[i];
            sum += gradient;
            dot += gradient * normal;
        }

        sum = centers ? sum / count : 0f;
        dot /= count;
        var (mean, slope) = (T.Of(sum), T.Of(dot));
        for (i = 0; i <= count - T.Count; i += T.Count)
        {
            var (normal, gradient) = ((T.Load(x + i) - middle) * factor, T.Load(g + i));
            gradient = weight is null ? gradient : gradient * T.Load(weight + i);
            (factor * (gradient - mean - (normal * slope))).Store(dx + i);
        }

        for (; i < count; i++)
        {
            var gradient = weight is null ? g[i] : g[i] * weight[i];
            dx[i] = scale * (gradient - sum - ((x[i] - center) * scale * dot));
        }
    }
}
