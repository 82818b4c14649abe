using System.Numerics;

namespace Parley.Tensors;

/// <summary>Native blocks, 64-byte aligned, kept for reuse by size class.</summary>
/// <remarks>
/// Blocks in use and blocks kept together never take more than the blocks in use once did, so keeping costs no peak memory. Once gradients are
/// recorded they may take a quarter more: batches of ever new shapes want blocks of ever new sizes, and new memory is a page fault for every page.
/// </remarks>
internal static unsafe class MemoryPool
{
    private const int Alignment = 64;
    private const int StepsPerDoubling = 4;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<long, Shelf> Shelves = [];
    private static long _used;
    private static long _kept;
    private static long _peak;
    private static long _clock;
    private static volatile bool _keepsMore;

    /// <summary>The most that blocks in use and blocks kept take together.</summary>
    internal static long Limit
    {
        get
        {
            lock (Gate)
            {
                return Most;
            }
        }
    }

    private static long Most => _keepsMore ? _peak + (_peak / 4) : _peak;

    /// <summary>Bytes in use, bytes kept, and the most that were ever in use.</summary>
    internal static (long Used, long Kept, long Peak) Bytes
    {
        get
        {
            lock (Gate)
            {
                return (_used, _kept, _peak);
            }
        }
    }

    /// <summary>Rounds a request up to its class: four classes a doubling, so at most a quarter is wasted.</summary>
    internal static long ClassOf(long bytes)
    {
        if (bytes <= 256)
        {
            return 256;
        }

        var doubling = 1L << (63 - BitOperations.LeadingZeroCount((ulong)bytes));
        var step = doubling / StepsPerDoubling;
        return (bytes + step - 1) / step * step;
    }

    /// <summary>A block of at least so many bytes: a kept one of its class or of one up to twice as large, else a new one.</summary>
    /// <param name="bytes">What is needed.</param>
    /// <param name="size">What the block has; give it back to <see cref="Return"/>.</param>
    internal static nint Rent(long bytes, out long size)
    {
        size = ClassOf(bytes);
        lock (Gate)
        {
            for (var (candidate, step) = (size, 0); step <= StepsPerDoubling; candidate = ClassOf(candidate + 1), step++)
            {
                if (Take(candidate) is not 0 and var block)
                {
                    size = candidate;
                    return block;
                }
            }

            MakeRoom(size);
        }

        return SystemMemory.Allocate(size, Alignment);
    }

    /// <summary>A block of exactly the class of so many bytes.</summary>
    internal static nint Rent(long bytes)
    {
        var size = ClassOf(bytes);
        lock (Gate)
        {
            if (Take(size) is not 0 and var block)
            {
                return block;
            }

            MakeRoom(size);
        }

        return SystemMemory.Allocate(size, Alignment);
    }

    /// <summary>Takes a block back.</summary>
    /// <param name="block">From either way of renting.</param>
    /// <param name="bytes">What was asked for, or the size that was given.</param>
    internal static void Return(nint block, long bytes)
    {
        var size = ClassOf(bytes);
        lock (Gate)
        {
            if (!Shelves.TryGetValue(size, out var shelf))
            {
                Shelves[size] = shelf = new Shelf(size);
            }

            shelf.Blocks.Push(block);
            shelf.LastUse = ++_clock;
            _used -= size;
            _kept += size;
        }
    }

    private static nint Take(long size)
    {
        if (!Shelves.TryGetValue(size, out var shelf) || !shelf.Blocks.TryPop(out var block))
        {
            return 0;
        }

        shelf.LastUse = ++_clock;
        _kept -= size;
        _used += size;
        return block;
    }

    /// <summary>Says that gradients are recorded in this process.</summary>
    internal static void KeepMore() => _keepsMore = true;

    // Before a new block of so many bytes: what is kept and longest unused goes, until all together is within the limit.
    private static void MakeRoom(long size)
    {
        _used += size;
        _peak = Math.Max(_peak, _used);
        while (_kept > 0 && _used + _kept > Most)
        {
            Drop();
        }
    }

    private static void Drop()
    {
        var shelf = Shelves.Values.Where(s => s.Blocks.Count > 0).MinBy(s => s.LastUse)!;
        SystemMemory.Free(shelf.Blocks.Pop());
        _kept -= shelf.Size;
    }

    /// <summary>The kept blocks of one class.</summary>
    private sealed class Shelf(long size)
    {
        internal long Size => size;

        internal Stack<nint> Blocks { get; } = [];

        internal long LastUse { get; set; }
    }
}
