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
        var (tall, wide) = (TileKernel.ShortRows, TileKernel.Columns);
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
            Block<T>(job, batch, head, block * queryBlock, Math.Min(queryBlock, job.Queries - (block * queryBlock)), width, source, blockFloats);
        });
        MemoryPool.Return((nint)packed, bytes);
    }

    /// <summary>Keys as [panel][dim][tile row], then values as [panel][key][short tile row]; what a tile has beyond them is zero.</summary>
    private static void Pack(AttentionJob job, int batch, int head, int first, int width, float* target)
    {
        var count = Math.Min(KeyBlock, job.Keys - first);
        var tall = TileKernel.Rows;
        for (var key = 0; key < count; key += tall)
        {
            Packing.Pack(job.Key(batch, head, first + key), job.KeyStep, 1, Math.Min(tall, count - key), tall, job.Dim, target + ((long)key * job.Dim));
        }

        target += (long)KeyBlock * job.Dim;
        tall = TileKernel.ShortRows;
        for (var d = 0; d < width; d += tall)
        {
            Packing.Pack(job.Value(batch, head, first) + d, 1, job.ValueStep, Math.Min(tall, job.Width - d), tall, count, target + ((long)d * KeyBlock));
        }
    }

    private static void Block<T>(AttentionJob job, int batch, int head, int first, int count, int width, float* packed, long blockFloats)
        where T : struct, ILanes<T>
    {
        var (tall, small, wide) = (TileKernel.Rows, TileKernel.ShortRows, TileKernel.Columns);
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
        for (var i = 0; i < count; i += wide)
        {
            Packing.Pack(job.Query(batch, head, first + i), job.QueryStep, 1, Math.Min(wide, count - i), wide, job.Dim, queries + ((long)i * job.Dim));
        }

        // Scores are in powers of two: 2^(score log₂e) needs one multiplication a query instead of one a score.
        RowKernels.Affine(queries, job.Scale * VectorMath.Log2E, 0, queries, queryFloats * panels);

        var last = job.Seen(batch, first + count - 1);
        for (var key = 0; key < last; key += KeyBlock, packed += blockFloats)
        {
            var values = packed + ((long)KeyBlock * job.Dim);
            for (var panel = 0; panel < panels; panel++)
            {
                var start = first + (panel * wide);
                var (some, all) = (job.Seen(batch, Math.Min(start + wide, first + count) - 1) - key, job.Seen(batch, start) - key);
                if (some <= 0)
                {
                    continue;
                }

                var keys = Math.Min(some, Math.Min(KeyBlock, job.Keys - key));
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

                var into = results + (panel * resultFloats);
                Softmax<T>(scores, keys, tops + ((long)panel * wide), sums + ((long)panel * wide), into, width);
                for (var d = 0; d < width; d += small)
                {
                    TileKernel.RunShort(keys, values + ((long)d * KeyBlock), scores, into + ((long)d * wide), wide);
                }
            }
        }

        for (var i = 0; i < count; i += wide)
        {
            var from = results + ((long)i * width);
            Divide<T>(from, sums + i, width);
            Packing.Pack(from, wide, 1, job.Width, job.Width, Math.Min(wide, count - i), job.Result(batch, head, first + i));
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

    /// <summary>Scores become 2^(score − top); older sums and results are brought to the new top.</summary>
    private static void Softmax<T>(float* scores, int keys, float* tops, float* sums, float* results, int width)
        where T : struct, ILanes<T>
    {
        // Two vectors of queries, and two maxima for each, so that no instruction waits for the one before.
        var wide = 2 * T.Count;
        var end = scores + ((long)keys * wide);
        var (oldLeft, oldRight) = (T.Load(tops), T.Load(tops + T.Count));
        var (left, right, left2, right2) = (oldLeft, oldRight, oldLeft, oldRight);
        var at = scores;
        for (; at < end - wide; at += 2 * wide)
        {
            left = T.MaxNative(T.Load(at), left);
            right = T.MaxNative(T.Load(at + T.Count), right);
            left2 = T.MaxNative(T.Load(at + wide), left2);
            right2 = T.MaxNative(T.Load(at + wide + T.Count), right2);
        }

        if (at < end)
        {
            left = T.MaxNative(T.Load(at), left);
            right = T.MaxNative(T.Load(at + T.Count), right);
        }

        left = T.MaxNative(left2, left);
        right = T.MaxNative(right2, right);
        left.Store(tops);
        right.Store(tops + T.Count);

        // A row that has seen nothing has no top: 0 keeps −∞ − top from being NaN.
        left = T.Select(T.Equal(left, T.Of(float.NegativeInfinity)), T.Of(0), left);
        right = T.Select(T.Equal(right, T.Of(float.NegativeInfinity)), T.Of(0), right);
        var (shrinkLeft, shrinkRight) = (VectorMath.Exp2NonPositive(oldLeft - left), VectorMath.Exp2NonPositive(oldRight - right));
        var (sumLeft, sumRight) = (T.Load(sums) * shrinkLeft, T.Load(sums + T.Count) * shrinkRight);
        for (at = scores; at < end; at += wide)
        {
            var (p, q) = (VectorMath.Exp2NonPositive(T.Load(at) - left), VectorMath.Exp2NonPositive(T.Load(at + T.Count) - right));
            p.Store(at);
            q.Store(at + T.Count);
            sumLeft += p;
            sumRight += q;
        }

        sumLeft.Store(sums);
        sumRight.Store(sums + T.Count);
        if (!T.Any(T.Less(shrinkLeft, T.Of(1)) | T.Less(shrinkRight, T.Of(1))))
        {
            return;
        }

        for (var d = 0; d < width; d++, results += wide)
        {
            (T.Load(results) * shrinkLeft).Store(results);
            (T.Load(results + T.Count) * shrinkRight).Store(results + T.Count);
        }
    }

    /// <summary>Results over their sums; 0 where nothing was seen.</summary>
    private static void Divide<T>(float* results, float* sums, int width)
        where T : struct, ILanes<T>
    {
        var (left, right) = (T.Load(sums), T.Load(sums + T.Count));
        left = T.Select(T.Equal(left, T.Of(0)), left, T.Of(1) / left);
        right = T.Select(T.Equal(right, T.Of(0)), right, T.Of(1) / right);
        for (var d = 0; d < width; d++, results += 2 * T.Count)
        {
            (T.Load(results) * left).Store(results);
            (T.Load(results + T.Count) * right).Store(results + T.Count);
        }
    }
}
