using System.Numerics;
using System.Runtime.InteropServices;

namespace Parley.Tensors;

/// <summary>Native blocks, 64-byte aligned, kept for reuse by size class.</summary>
internal static unsafe class MemoryPool
{
    private const int Alignment = 64;
    private const int StepsPerDoubling = 4;
    private const long KeepBytes = 96L << 20;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<long, Stack<nint>> Free = [];
    private static long _kept;

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

    internal static nint Rent(long bytes)
    {
        var size = ClassOf(bytes);
        lock (Gate)
        {
            if (Free.TryGetValue(size, out var stack) && stack.TryPop(out var block))
            {
                _kept -= size;
                return block;
            }
        }

        return (nint)NativeMemory.AlignedAlloc((nuint)size, Alignment);
    }

    internal static void Return(nint block, long bytes)
    {
        var size = ClassOf(bytes);
        lock (Gate)
        {
            if (_kept + size <= KeepBytes)
            {
                if (!Free.TryGetValue(size, out var stack))
                {
                    Free[size] = stack = new Stack<nint>();
                }

                stack.Push(block);
                _kept += size;
                return;
            }
        }

        NativeMemory.AlignedFree((void*)block);
    }

    /// <summary>Gives every kept block back to the system.</summary>
    internal static void Trim()
    {
        lock (Gate)
        {
            foreach (var stack in Free.Values)
            {
                while (stack.TryPop(out var block))
                {
                    NativeMemory.AlignedFree((void*)block);
                }
            }

            _kept = 0;
        }
    }
}
