using System.Runtime.InteropServices;

namespace Parley.Tensors;

/// <summary>Native blocks from the system. On Linux, large ones go back to it when they are freed, and are made of large pages where it has them.</summary>
internal static unsafe partial class SystemMemory
{
    private const int LargePage = 2 << 20;
    private const int LargeBlock = 2 * LargePage;

    private static readonly bool IsTuned = OperatingSystem.IsLinux() && ReleaseLargeBlocks();

    /// <summary>Uninitialised memory.</summary>
    internal static nint Allocate(long bytes, int alignment)
    {
        if (!IsTuned || bytes < LargeBlock)
        {
            return (nint)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)alignment);
        }

        const int hugePage = 14;
        var block = (nint)NativeMemory.AlignedAlloc((nuint)bytes, LargePage);

        // Advice: a system without large pages refuses it, and nothing is lost.
        _ = Advise(block, (nuint)(bytes / LargePage * LargePage), hugePage);
        return block;
    }

    /// <summary>Gives a block back.</summary>
    internal static void Free(nint block) => NativeMemory.AlignedFree((void*)block);

    /// <summary>Lets the C library give large blocks back to the system when they are freed: it otherwise learns to keep them, in pieces that no other block fits.</summary>
    private static bool ReleaseLargeBlocks()
    {
        const int mmapThreshold = -3;
        const int bytes = 1 << 20;
        try
        {
            return MallOpt(mmapThreshold, bytes) == 1;
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

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);
}
