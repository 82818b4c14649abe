using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors;

/// <summary>Asks for memory before it is needed.</summary>
internal static unsafe class Prefetch
{
    /// <summary>One cache line; the address need not exist.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void At(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    /// <summary>The first two lines of some rows: what a tile adds to, or where the next one begins, arrives while a tile computes.</summary>
    internal static void Rows(float* first, long stride, int rows)
    {
        for (; rows > 0; rows--, first += stride)
        {
            At(first);
            At(first + 16);
        }
    }
}
