using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Attention for one or a few queries, as in a decoding step: keys and values are read where they lie.</summary>
internal static unsafe class AttentionRows
{
    private const long SerialWork = 1 << 15;

    internal static void Run(Workers workers, AttentionJob job)
    {
        var pieces = checked(job.Batch * job.Heads);
        if ((long)pieces * job.Queries * job.Keys * (job.Dim + job.Width) <= SerialWork)
        {
            for (var piece = 0; piece < pieces; piece++)
            {
                Head(job, piece);
            }
        }
        else
        {
            workers.Run(pieces, piece => Head(job, piece));
        }
    }

    private static void Head(AttentionJob job, int piece)
    {
        var (batch, head) = Math.DivRem(piece, job.Heads);
        var bytes = (job.Keys + (long)Vector256<float>.Count) * sizeof(float);
        var scores = (float*)MemoryPool.Rent(bytes);
        for (var query = 0; query < job.Queries; query++)
        {
            Row(job, batch, head, query, scores);
        }

        MemoryPool.Return((nint)scores, bytes);
    }

    private static void Row(AttentionJob job, int batch, int head, int query, float* scores)
    {
        var (kvHead, seen) = (head / (job.Heads / job.KvHeads), job.Seen(batch, query));
        var result = job.Result(batch, head, query);
        new Span<float>(result, job.Width).Clear();
        if (seen == 0)
        {
            return;
        }

        Scores(job.Query(batch, head, query), job.Key(batch, kvHead, 0), job.KeyStep, seen, job.Dim, job.Scale, scores);
        if (job.HasBias)
        {
            var bias = job.Bias(batch, head, query, 0);
            var step = job.BiasStep.Key;
            for (var j = 0; j < seen; j++)
            {
                scores[j] += bias[j * step];
            }
        }

        var sum = Exponentials(scores, seen);
        if (sum != 0)
        {
            Mix(scores, 1 / sum, job.Value(batch, kvHead, 0), job.ValueStep, seen, job.Width, result);
        }
    }

    private static void Scores(float* q, float* k, long step, int keys, int dim, float scale, float* scores)
    {
        var wide = Vector256<float>.Count;
        var whole = dim / wide * wide;
        var j = 0;
        for (; j + 4 <= keys; j += 4)
        {
            var (k0, k1, k2, k3) = Four(k + (j * step), step);
            Vector256<float> a = default, b = default, c = default, e = default;
            for (var d = 0; d < whole; d += wide)
            {
                var x = Vector256.Load(q + d);
                a = Vector256.MultiplyAddEstimate(x, Vector256.Load((float*)k0 + d), a);
                b = Vector256.MultiplyAddEstimate(x, Vector256.Load((float*)k1 + d), b);
                c = Vector256.MultiplyAddEstimate(x, Vector256.Load((float*)k2 + d), c);
                e = Vector256.MultiplyAddEstimate(x, Vector256.Load((float*)k3 + d), e);
            }

            var (s0, s1, s2, s3) = (Vector256.Sum(a), Vector256.Sum(b), Vector256.Sum(c), Vector256.Sum(e));
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
            Vector256<float> a = default;
            for (var d = 0; d < whole; d += wide)
            {
                a = Vector256.MultiplyAddEstimate(Vector256.Load(q + d), Vector256.Load(at + d), a);
            }

            var s = Vector256.Sum(a);
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
    private static float Exponentials(float* scores, int keys)
    {
        var wide = Vector256<float>.Count;
        for (var j = keys; j % wide != 0; j++)
        {
            scores[j] = float.NegativeInfinity;
        }

        var tops = Vector256.Create(float.NegativeInfinity);
        for (var j = 0; j < keys; j += wide)
        {
            tops = Vector256.MaxNative(Vector256.Load(scores + j), tops);
        }

        var top = float.NegativeInfinity;
        for (var i = 0; i < wide; i++)
        {
            top = Math.Max(top, tops[i]);
        }

        var from = Vector256.Create(float.IsNegativeInfinity(top) ? 0 : top);
        var sum = Vector256<float>.Zero;
        for (var j = 0; j < keys; j += wide)
        {
            var p = AttentionExp.Of(Vector256.Load(scores + j) - from);
            p.Store(scores + j);
            sum += p;
        }

        return Vector256.Sum(sum);
    }

    private static void Mix(float* weights, float factor, float* v, long step, int keys, int width, float* result)
    {
        var wide = Vector256<float>.Count;
        var d = 0;
        for (; d + (4 * wide) <= width; d += 4 * wide)
        {
            Vector256<float> a = default, b = default, c = default, e = default;
            var at = v + d;
            for (var j = 0; j < keys; j++, at += step)
            {
                var w = Vector256.Create(weights[j]);
                a = Vector256.MultiplyAddEstimate(w, Vector256.Load(at), a);
                b = Vector256.MultiplyAddEstimate(w, Vector256.Load(at + wide), b);
                c = Vector256.MultiplyAddEstimate(w, Vector256.Load(at + (2 * wide)), c);
                e = Vector256.MultiplyAddEstimate(w, Vector256.Load(at + (3 * wide)), e);
            }

            (a * factor).Store(result + d);
            (b * factor).Store(result + d + wide);
            (c * factor).Store(result + d + (2 * wide));
            (e * factor).Store(result + d + (3 * wide));
        }

        for (; d + wide <= width; d += wide)
        {
            Vector256<float> a = default;
            for (var j = 0; j < keys; j++)
            {
                a = Vector256.MultiplyAddEstimate(Vector256.Create(weights[j]), Vector256.Load(v + (j * step) + d), a);
            }

            (a * factor).Store(result + d);
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
