using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Attention of a decoding step over keys and values in 16 bits, which become floats in registers on the way.</summary>
internal static unsafe class CompactAttention
{
    /// <summary>Rows from the one at hand to the one that is fetched.</summary>
    private const int Ahead = 16;

    internal static void Run(Workers workers, Tensor q, CompactRows k, CompactRows v, float scale, Tensor y)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Run<Lanes512>(workers, q, k, v, scale, y);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Run<Lanes256>(workers, q, k, v, scale, y);
        }
        else
        {
            Run<Lanes128>(workers, q, k, v, scale, y);
        }
    }

    private static void Run<T>(Workers workers, Tensor q, CompactRows k, CompactRows v, float scale, Tensor y)
        where T : struct, ILanes<T>
    {
        var (heads, queries, dim, keys, width) = (q.Shape[1], q.Shape[2], q.Shape[3], k.Shape[2], v.Shape[3]);
        workers.Run(checked(q.Shape[0] * heads), piece =>
        {
            var (batch, head) = Math.DivRem(piece, heads);
            var bytes = (keys + (long)T.Count) * sizeof(float);
            var scores = (float*)MemoryPool.Rent(bytes);
            var first = (long)piece * keys;
            for (var i = 0; i < queries; i++)
            {
                var query = q.Pointer + (batch * q.Strides[0]) + (head * q.Strides[1]) + (i * q.Strides[2]);
                var result = y.Pointer + ((((long)piece * queries) + i) * width);
                Scores<T>(query, k.Codes(first), k.Stride, k.Scales(first), keys, dim, scale, scores);
                var sum = keys == 0 ? 0 : AttentionRows.Exponentials<T>(scores, keys);
                if (sum == 0)
                {
                    new Span<float>(result, width).Clear();
                    continue;
                }

                var scales = v.Scales(first);
                for (var j = 0; j < keys; j++)
                {
                    scores[j] *= scales[j];
                }

                Mix<T>(scores, 1 / sum, v.Codes(first), v.Stride, keys, width, result);
            }

            MemoryPool.Return((nint)scores, bytes);
        });
        GC.KeepAlive(k);
        GC.KeepAlive(v);
    }

    private static void Scores<T>(float* q, short* k, int step, float* scales, int keys, int dim, float scale, float* scores)
        where T : struct, ILanes<T>
    {
        var whole = dim / T.Count * T.Count;
        var ahead = Ahead * (nint)step;
        var j = 0;
        for (; j + 4 <= keys; j += 4)
        {
            short* k0 = k + ((nint)j * step), k1 = k0 + step, k2 = k1 + step, k3 = k2 + step;
            T a = default, b = default, c = default, e = default;
            for (nint d = 0; d < whole; d += T.Count)
            {
                Prefetch.At(k0 + ahead + d);
                Prefetch.At(k1 + ahead + d);
                Prefetch.At(k2 + ahead + d);
                Prefetch.At(k3 + ahead + d);
                var x = T.Load(q + d);
                a = T.MultiplyAdd(x, T.LoadShorts(k0 + d), a);
                b = T.MultiplyAdd(x, T.LoadShorts(k1 + d), b);
                c = T.MultiplyAdd(x, T.LoadShorts(k2 + d), c);
                e = T.MultiplyAdd(x, T.LoadShorts(k3 + d), e);
            }

            scores[j] = (a.Sum() + Rest(q, k0, whole, dim)) * (scales[j] * scale);
            scores[j + 1] = (b.Sum() + Rest(q, k1, whole, dim)) * (scales[j + 1] * scale);
            scores[j + 2] = (c.Sum() + Rest(q, k2, whole, dim)) * (scales[j + 2] * scale);
            scores[j + 3] = (e.Sum() + Rest(q, k3, whole, dim)) * (scales[j + 3] * scale);
        }

        for (; j < keys; j++)
        {
            var at = k + ((nint)j * step);
            T a = default;
            for (var d = 0; d < whole; d += T.Count)
            {
                a = T.MultiplyAdd(T.Load(q + d), T.LoadShorts(at + d), a);
            }

            scores[j] = (a.Sum() + Rest(q, at, whole, dim)) * (scales[j] * scale);
        }
    }

    private static float Rest(float* q, short* k, int from, int dim)
    {
        var sum = 0f;
        for (var d = from; d < dim; d++)
        {
            sum += q[d] * k[d];
        }

        return sum;
    }

    private static void Mix<T>(float* weights, float factor, short* v, int step, int keys, int width, float* result)
        where T : struct, ILanes<T>
    {
        var wide = T.Count;
        var ahead = Ahead * (nint)step;
        var d = 0;
        for (; d + (4 * wide) <= width; d += 4 * wide)
        {
            T a = default, b = default, c = default, e = default;
            var at = v + d;
            for (var j = 0; j < keys; j++, at += step)
            {
                Prefetch.At(at + ahead);
                Prefetch.At(at + ahead + (2 * wide));
                var w = T.Of(weights[j]);
                a = T.MultiplyAdd(w, T.LoadShorts(at), a);
                b = T.MultiplyAdd(w, T.LoadShorts(at + wide), b);
                c = T.MultiplyAdd(w, T.LoadShorts(at + (2 * wide)), c);
                e = T.MultiplyAdd(w, T.LoadShorts(at + (3 * wide)), e);
            }

            (a * T.Of(factor)).Store(result + d);
            (b * T.Of(factor)).Store(result + d + wide);
            (c * T.Of(factor)).Store(result + d + (2 * wide));
            (e * T.Of(factor)).Store(result + d + (3 * wide));
        }

        for (; d + wide <= width; d += wide)
        {
            T a = default;
            for (var j = 0; j < keys; j++)
            {
                a = T.MultiplyAdd(T.Of(weights[j]), T.LoadShorts(v + ((nint)j * step) + d), a);
            }

            (a * T.Of(factor)).Store(result + d);
        }

        for (; d < width; d++)
        {
            var total = 0f;
            for (var j = 0; j < keys; j++)
            {
                total += weights[j] * v[((nint)j * step) + d];
            }

            result[d] = total * factor;
        }
    }
}
