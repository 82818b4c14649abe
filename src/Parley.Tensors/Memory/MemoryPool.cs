using System.Numerics;
using System.Runtime.InteropServices;

namespace Parley.Tensors;

/// <summary>Native blocks, 64-byte aligned, kept for reuse by size class.</summary>
internal static unsafe partial class MemoryPool
{
    private const int Alignment = 64;
    private const int StepsPerDoubling = 4;
    private const long KeepBytes = 48L << 20;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<long, Stack<nint>> Free = [];
    private static readonly bool GivesBack = ReleaseLargeBlocks();
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
                if (Free.TryGetValue(candidate, out var stack) && stack.TryPop(out var block))
                {
                    _kept -= candidate;
                    size = candidate;
                    return block;
                }
            }
        }

        return Allocate(size);
    }

    /// <summary>A block of exactly the class of so many bytes.</summary>
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

        return Allocate(size);
    }

    /// <summary>Takes a block back.</summary>
    /// <param name="block">From either way of renting.</param>
    /// <param name="bytes">What was asked for, or the size that was given.</param>
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

    private static nint Allocate(long size) => (nint)NativeMemory.AlignedAlloc((nuint)size, Alignment);

    /// <summary>Lets the C library give large blocks back to the system when they are freed: it otherwise learns to keep them, in pieces that no other block fits.</summary>
    private static bool ReleaseLargeBlocks()
    {
        const int mmapThreshold = -3;
        const int bytes = 1 << 20;
        try
        {
            return OperatingSystem.IsLinux() && MallOpt(mmapThreshold, bytes) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
        catch (DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);

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
