namespace Parley.Text;

/// <summary>Byte-pair merging of one word: best rank first, leftmost first among equals.</summary>
/// <remarks>A heap over a linked list, so that a word of n symbols takes n log n steps however long it is (Sennrich et al. 2016, section 3.2).</remarks>
internal static class BpeWord
{
    /// <summary>Merges the symbols in place and returns how many are left.</summary>
    public static int Merge(Span<int> symbols, BpeMerges merges)
    {
        var n = symbols.Length;
        if (n < 2)
        {
            return n;
        }

        return n <= 24 ? MergeShort(symbols, merges) : MergeLong(symbols, merges);
    }

    private static int MergeShort(Span<int> symbols, BpeMerges merges)
    {
        Span<int> ranks = stackalloc int[24];
        var n = symbols.Length;
        for (var i = 0; i + 1 < n; i++)
        {
            ranks[i] = Rank(symbols[i], symbols[i + 1], merges);
        }

        while (n > 1)
        {
            var best = 0;
            for (var i = 1; i + 1 < n; i++)
            {
                best = ranks[i] < ranks[best] ? i : best;
            }

            if (ranks[best] == int.MaxValue || !merges.TryMerge(symbols[best], symbols[best + 1], out _, out symbols[best]))
            {
                break;
            }

            symbols[(best + 2)..n].CopyTo(symbols[(best + 1)..]);
            ranks[(best + 1)..(n - 1)].CopyTo(ranks[best..]);
            n--;
            if (best > 0)
            {
                ranks[best - 1] = Rank(symbols[best - 1], symbols[best], merges);
            }

            if (best + 1 < n)
            {
                ranks[best] = Rank(symbols[best], symbols[best + 1], merges);
            }
        }

        return n;
    }

    private static int Rank(int left, int right, BpeMerges merges) =>
        merges.TryMerge(left, right, out var rank, out _) ? rank : int.MaxValue;

    private static int MergeLong(Span<int> symbols, BpeMerges merges)
    {
        var n = symbols.Length;
        var next = new int[n];
        var previous = new int[n];
        var queue = new PriorityQueue<int, long>(n);
        for (var i = 0; i < n; i++)
        {
            (next[i], previous[i]) = (i + 1, i - 1);
            if (i + 1 < n)
            {
                Offer(queue, i, symbols[i], symbols[i + 1], merges);
            }
        }

        while (queue.TryDequeue(out var at, out var key))
        {
            // A pair is stale when either symbol was merged away or changed since it was queued: its rank then differs.
            if (symbols[at] < 0 || next[at] >= n
                || !merges.TryMerge(symbols[at], symbols[next[at]], out var rank, out var merged) || rank != (int)(key >> 32))
            {
                continue;
            }

            var gone = next[at];
            (symbols[at], symbols[gone]) = (merged, -1);
            next[at] = next[gone];
            if (next[at] < n)
            {
                previous[next[at]] = at;
                Offer(queue, at, merged, symbols[next[at]], merges);
            }

            if (previous[at] >= 0)
            {
                Offer(queue, previous[at], symbols[previous[at]], merged, merges);
            }
        }

        var count = 0;
        for (var i = 0; i < n; i = next[i])
        {
            symbols[count++] = symbols[i];
        }

        return count;
    }

    private static void Offer(PriorityQueue<int, long> queue, int at, int left, int right, BpeMerges merges)
    {
        if (merges.TryMerge(left, right, out var rank, out _))
        {
            queue.Enqueue(at, ((long)rank << 32) | (uint)at);
        }
    }
}
