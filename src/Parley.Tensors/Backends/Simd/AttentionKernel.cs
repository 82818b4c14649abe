using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Attention for many queries: blocks of queries against blocks of keys with a running softmax.</summary>
/// <remarks>
/// Dao et al. 2022, arXiv 2205.14135, algorithm 1, transposed: scores lie as [key][query lane], so that maxima, sums and corrections work lane by
/// lane and both products are <see cref="TileKernel"/> tiles. Keys and values are packed once a call, [key heads · keys · width] floats.
/// </remarks>
internal static unsafe class AttentionKernel
{
    private const int KeyBlock = 120;
    private const int QueryPanels = 4;

    internal static void Run(Workers workers, AttentionJob job)
    {
        var (tall, wide) = (TileKernel.Rows, TileKernel.Columns);
        var blocks = (job.Keys + KeyBlock - 1) / KeyBlock;
        var width = (job.Width + tall - 1) / tall * tall;
        var blockFloats = (long)KeyBlock * (job.Dim + width);
        var bytes = Math.Max(1, blockFloats * blocks * job.Batch * job.KvHeads) * sizeof(float);
        var packed = (float*)MemoryPool.Rent(bytes);
        workers.Run(checked(blocks * job.Batch * job.KvHeads), piece =>
        {
            var (rest, block) = Math.DivRem(piece, blocks);
            var (batch, head) = Math.DivRem(rest, job.KvHeads);
            Pack(job, batch, head, block * KeyBlock, width, packed + (piece * blockFloats));
        });

        var queryBlock = QueryPanels * wide;
        var queryBlocks = (job.Queries + queryBlock - 1) / queryBlock;
        var share = job.Heads / job.KvHeads;
        workers.Run(checked(queryBlocks * job.Batch * job.Heads), piece =>
        {
            var (rest, block) = Math.DivRem(piece, queryBlocks);
            var (batch, head) = Math.DivRem(rest, job.Heads);
            var source = packed + ((((long)batch * job.KvHeads) + (head / share)) * blocks * blockFloats);
            Block(job, batch, head, block * queryBlock, Math.Min(queryBlock, job.Queries - (block * queryBlock)), width, source, blockFloats);
        });
        MemoryPool.Return((nint)packed, bytes);
    }

    /// <summary>Keys as [panel][dim][tile row], then values as [panel][key][tile row]; what does not exist is zero.</summary>
    private static void Pack(AttentionJob job, int batch, int head, int first, int width, float* target)
    {
        var tall = TileKernel.Rows;
        var count = Math.Min(KeyBlock, job.Keys - first);
        for (var panel = 0; panel < KeyBlock; panel += tall)
        {
            for (var r = 0; r < tall; r++)
            {
                var into = target + ((long)panel * job.Dim) + r;
                var source = panel + r < count ? job.Key(batch, head, first + panel + r) : null;
                for (var d = 0; d < job.Dim; d++)
                {
                    into[(long)d * tall] = source is null ? 0 : source[d];
                }
            }
        }

        target += (long)KeyBlock * job.Dim;
        for (var key = 0; key < KeyBlock; key++)
        {
            var source = key < count ? job.Value(batch, head, first + key) : null;
            for (var d = 0; d < width; d += tall)
            {
                var into = target + ((long)d * KeyBlock) + ((long)key * tall);
                for (var r = 0; r < tall; r++)
                {
                    into[r] = source is null || d + r >= job.Width ? 0 : source[d + r];
                }
            }
        }
    }

    private static void Block(AttentionJob job, int batch, int head, int first, int count, int width, float* packed, long blockFloats)
    {
        var (tall, wide) = (TileKernel.Rows, TileKernel.Columns);
        var panels = (count + wide - 1) / wide;
        var (queryFloats, resultFloats) = ((long)job.Dim * wide, (long)width * wide);
        var bytes = (((queryFloats + resultFloats + (2 * wide)) * panels) + ((long)KeyBlock * wide)) * sizeof(float);
        var scratch = (float*)MemoryPool.Rent(bytes);
        var scores = scratch;
        var queries = scores + ((long)KeyBlock * wide);
        var results = queries + (queryFloats * panels);
        var tops = results + (resultFloats * panels);
        var sums = tops + ((long)panels * wide);
        new Span<float>(results, checked((int)(resultFloats * panels))).Clear();
        new Span<float>(tops, panels * wide).Fill(float.NegativeInfinity);
        new Span<float>(sums, panels * wide).Clear();
        // Scores are in powers of two: 2^(score log₂e) needs one multiplication a query instead of one a score.
        var scale = job.Scale * VectorMath.Log2E;
        for (var i = 0; i < panels * wide; i++)
        {
            var source = i < count ? job.Query(batch, head, first + i) : null;
            var into = queries + (i / wide * queryFloats) + (i % wide);
            for (var d = 0; d < job.Dim; d++)
            {
                into[(long)d * wide] = source is null ? 0 : source[d] * scale;
            }
        }

        var last = job.Seen(batch, first + count - 1);
        for (var key = 0; key < last; key += KeyBlock, packed += blockFloats)
        {
            var keys = Math.Min(KeyBlock, job.Keys - key);
            for (var panel = 0; panel < panels; panel++)
            {
                var start = first + (panel * wide);
                var (some, all) = (job.Seen(batch, Math.Min(start + wide, first + count) - 1) - key, job.Seen(batch, start) - key);
                if (some <= 0)
                {
                    continue;
                }

                keys = Math.Min(some, Math.Min(KeyBlock, job.Keys - key));
                for (var row = 0; row < keys; row += tall)
                {
                    TileKernel.Run(
                        job.Dim, packed + ((long)row * job.Dim), queries + (panel * queryFloats), scores + ((long)row * wide), wide, add: false);
                }

                var present = Math.Min(wide, first + count - start);
                if (job.HasBias)
                {
                    AddBias(job, batch, head, start, present, key, keys, scores);
                }

                if (all < keys)
                {
                    Mask(job, batch, start, present, key, keys, scores);
                }

                Softmax(scores, keys, tops + ((long)panel * wide), sums + ((long)panel * wide), results + (panel * resultFloats), width);
                for (var d = 0; d < width; d += tall)
                {
                    TileKernel.Run(
                        keys, packed + ((long)KeyBlock * job.Dim) + ((long)d * KeyBlock), scores, results + (panel * resultFloats) + ((long)d * wide), wide, add: true);
                }
            }
        }

        for (var i = 0; i < count; i++)
        {
            var into = job.Result(batch, head, first + i);
            var source = results + (i / wide * resultFloats) + (i % wide);
            var factor = sums[i] == 0 ? 0 : 1 / sums[i];
            for (var d = 0; d < job.Width; d++)
            {
                into[d] = source[(long)d * wide] * factor;
            }
        }

        MemoryPool.Return((nint)scratch, bytes);
    }

    private static void AddBias(AttentionJob job, int batch, int head, int start, int present, int key, int keys, float* scores)
    {
        var wide = TileKernel.Columns;
        var (queryStep, keyStep) = job.BiasStep;
        var bias = job.Bias(batch, head, start, key);
        for (var i = 0; i < present; i++)
        {
            var source = bias + (i * queryStep);
            for (var j = 0; j < keys; j++)
            {
                scores[((long)j * wide) + i] += source[j * keyStep] * VectorMath.Log2E;
            }
        }
    }

    private static void Mask(AttentionJob job, int batch, int start, int present, int key, int keys, float* scores)
    {
        var wide = TileKernel.Columns;
        for (var i = 0; i < present; i++)
        {
            for (var j = Math.Max(0, job.Seen(batch, start + i) - key); j < keys; j++)
            {
                scores[((long)j * wide) + i] = float.NegativeInfinity;
            }
        }
    }

    private static void Softmax(float* scores, int keys, float* tops, float* sums, float* results, int width)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Softmax<Lanes512>(scores, keys, tops, sums, results, width);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Softmax<Lanes256>(scores, keys, tops, sums, results, width);
        }
        else
        {
            Softmax<Lanes128>(scores, keys, tops, sums, results, width);
        }
    }

    /// <summary>Scores become 2^(score − top); older sums and results are brought to the new top.</summary>
    private static void Softmax<T>(float* scores, int keys, float* tops, float* sums, float* results, int width)
        where T : struct, ILanes<T>
    {
        var wide = TileKernel.Columns;
        for (var lane = 0; lane < wide; lane += T.Count)
        {
            var old = T.Load(tops + lane);
            var top = old;
            for (var j = 0; j < keys; j++)
            {
                top = T.MaxNative(T.Load(scores + ((long)j * wide) + lane), top);
            }

            top.Store(tops + lane);

            // A row that has seen nothing has no top: 0 keeps −∞ − top from being NaN.
            var from = T.Select(T.Equal(top, T.Of(float.NegativeInfinity)), T.Of(0), top);
            var correction = VectorMath.Exp2NonPositive(old - from);
            var sum = T.Load(sums + lane) * correction;
            for (var j = 0; j < keys; j++)
            {
                var at = scores + ((long)j * wide) + lane;
                var p = VectorMath.Exp2NonPositive(T.Load(at) - from);
                p.Store(at);
                sum += p;
            }

            sum.Store(sums + lane);
            if (!T.Any(T.Less(correction, T.Of(1))))
            {
                continue;
            }

            for (var d = 0; d < width; d++)
            {
                var at = results + ((long)d * wide) + lane;
                (T.Load(at) * correction).Store(at);
            }
        }
    }
}
