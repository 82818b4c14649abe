using System.Runtime.InteropServices;

namespace Parley.Tensors;

/// <summary>64-byte aligned native memory that a weight matrix owns for its whole life.</summary>
internal sealed unsafe class NativeBlock
{
    private const int Alignment = 64;

    /// <summary>Zeroed memory.</summary>
    internal NativeBlock(long bytes)
    {
        Bytes = bytes;
        Pointer = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), Alignment);
        NativeMemory.Clear(Pointer, (nuint)bytes);
        GC.AddMemoryPressure(Math.Max(bytes, 1));
    }

    /// <summary>Frees the memory.</summary>
    ~NativeBlock()
    {
        NativeMemory.AlignedFree(Pointer);
        GC.RemoveMemoryPressure(Math.Max(Bytes, 1));
    }

    internal byte* Pointer { get; }

    internal long Bytes { get; }
}
