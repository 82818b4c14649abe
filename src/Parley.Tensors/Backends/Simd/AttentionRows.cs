using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Attention for one or a few queries, as in a decoding step: keys and values are read where they lie.</summary>
internal static unsafe class AttentionRows
{
    private const long SerialWork = 1 << 15;

    /// <summary>Keys from the one at hand to the one that is fetched.</summary>
    private const int Ahead = 8;

    internal static void Run(Workers workers, AttentionJob job)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Run<Lanes512>(workers, job);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Run<Lanes256>(workers, job);
        }
        else
        {
            Run<Lanes128>(workers, job);
        }
    }

    private static void Run<T>(Workers workers, AttentionJob job)
        where T : struct, ILanes<T>
    {
        var pieces = checked(job.Batch * job.Heads);
        if ((long)pieces * job.Queries * job.Keys * (job.Dim + job.Width) <= SerialWork)
        {
            for (var piece = 0; piece < pieces; piece++)
            {
                Head<T>(job, piece);
            }
        }
        else
        {
            workers.Run(pieces, piece => Head<T>(job, piece));
        }
    }

    private static void Head<T>(AttentionJob job, int piece)
        where T : struct, ILanes<T>
    {
        var (batch, head) = Math.DivRem(piece, job.Heads);
        var bytes = (job.Keys + (long)T.Count) * sizeof(float);
        var scores = (float*)MemoryPool.Rent(bytes);
        for (var query = 0; query < job.Queries; query++)
        {
            Row<T>(job, batch, head, query, scores);
        }

        MemoryPool.Return((nint)scores, bytes);
    }

    private static void Row<T>(AttentionJob job, int batch, int head, int query, float* scores)
        where T : struct, ILanes<T>
    {
        var (kvHead, seen) = (head / (job.Heads / job.KvHeads), job.Seen(batch, query));
        var result = job.Result(batch, head, query);
        new Span<float>(result, job.Width).Clear();
        if (seen == 0)
        {
            return;
        }

        Scores<T>(job.Query(batch, head, query), job.Key(batch, kvHead, 0), job.KeyStep, seen, job.Dim, job.Scale, scores);
        if (job.HasBias)
        {
            var bias = job.Bias(batch, head, query, 0);
            var step = job.BiasStep.Key;
            for (var j = 0; j < seen; j++)
            {
                scores[j] += bias[j * step];
            }
        }

        var sum = Exponentials<T>(scores, seen);
        if (sum != 0)
        {
            Mix<T>(scores, 1 / sum, job.Value(batch, kvHead, 0), job.ValueStep, seen, job.Width, result);
        }
    }

    private static void Scores<T>(float* q, float* k, long step, int keys, int dim, float scale, float* scores)
        where T : struct, ILanes<T>
    {
        var wide = T.Count;
        var whole = dim / wide * wide;
        var ahead = Ahead * step;
        var j = 0;
        for (; j + 4 <= keys; j += 4)
        {
            var (k0, k1, k2, k3) = Four(k + (j * step), step);
            T a = default, b = default, c = default, e = default;
            for (var d = 0; d < whole; d += wide)
            {
                Prefetch.At((float*)k0 + ahead + d);
                Prefetch.At((float*)k1 + ahead + d);
                Prefetch.At((float*)k2 + ahead + d);
                Prefetch.At((float*)k3 + ahead + d);
                var x = T.Load(q + d);
                a = T.MultiplyAdd(x, T.Load((float*)k0 + d), a);
                b = T.MultiplyAdd(x, T.Load((float*)k1 + d), b);
                c = T.MultiplyAdd(x, T.Load((float*)k2 + d), c);
                e = T.MultiplyAdd(x, T.Load((float*)k3 + d), e);
            }

            var (s0, s1, s2, s3) = (a.Sum(), b.Sum(), c.Sum(), e.Sum());
            for (var d = whole; d < dim; d++)
            {
                s0 += q[d] * ((float*)k0)[d];
                s1 += q[d] * ((float*)k1)[d];
                s2 += q[d] * ((float*)k2)[d];
                s3 += q[d] * ((float*)k3)[d];
            }

            (scores[j], scores[j + 1], scores[j + 2], scores[j + 3]) = (s0 * scale, s1 * scale, s2 * scale, s3 * scale);
        }

        for (; j < keys; j++)
        {
            var at = k + (j * step);
            T a = default;
            for (var d = 0; d < whole; d += wide)
            {
                a = T.MultiplyAdd(T.Load(q + d), T.Load(at + d), a);
            }

            var s = a.Sum();
            for (var d = whole; d < dim; d++)
            {
                s += q[d] * at[d];
            }

            scores[j] = s * scale;
        }
    }

    private static (nint A, nint B, nint C, nint D) Four(float* first, long step) =>
        ((nint)first, (nint)(first + step), (nint)(first + (2 * step)), (nint)(first + (3 * step)));

    /// <summary>Scores become e^(score − top); returns their sum, 0 when all are −∞.</summary>
    internal static float Exponentials<T>(float* scores, int keys)
        where T : struct, ILanes<T>
    {
        var wide = T.Count;
        for (var j = keys; j % wide != 0; j++)
        {
            scores[j] = float.NegativeInfinity;
        }

        var tops = T.Of(float.NegativeInfinity);
        for (var j = 0; j < keys; j += wide)
        {
            tops = T.MaxNative(T.Load(scores + j), tops);
        }

        var lanes = stackalloc float[16];
        tops.Store(lanes);
        var top = float.NegativeInfinity;
        for (var i = 0; i < wide; i++)
        {
            top = Math.Max(top, lanes[i]);
        }

        var from = T.Of(float.IsNegativeInfinity(top) ? 0 : top);
        var sum = T.Of(0);
        for (var j = 0; j < keys; j += wide)
        {
            var p = VectorMath.ExpNonPositive(T.Load(scores + j) - from);
            p.Store(scores + j);
            sum += p;
        }

        return sum.Sum();
    }

    private static void Mix<T>(float* weights, float factor, float* v, long step, int keys, int width, float* result)
        where T : struct, ILanes<T>
    {
        var wide = T.Count;
        var ahead = Ahead * step;
        var d = 0;
        for (; d + (4 * wide) <= width; d += 4 * wide)
        {
            T a = default, b = default, c = default, e = default;
            var at = v + d;
            for (var j = 0; j < keys; j++, at += step)
            {
                Prefetch.At(at + ahead);
                Prefetch.At(at + ahead + wide);
                Prefetch.At(at + ahead + (2 * wide));
                Prefetch.At(at + ahead + (3 * wide));
                var w = T.Of(weights[j]);
                a = T.MultiplyAdd(w, T.Load(at), a);
                b = T.MultiplyAdd(w, T.Load(at + wide), b);
                c = T.MultiplyAdd(w, T.Load(at + (2 * wide)), c);
                e = T.MultiplyAdd(w, T.Load(at + (3 * wide)), e);
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
                a = T.MultiplyAdd(T.Of(weights[j]), T.Load(v + (j * step) + d), a);
            }

            (a * T.Of(factor)).Store(result + d);
        }

        for (; d < width; d++)
        {
            var total = 0f;
            for (var j = 0; j < keys; j++)
            {
                total += weights[j] * v[(j * step) + d];
            }

            result[d] = total * factor;
        }
    }
}
