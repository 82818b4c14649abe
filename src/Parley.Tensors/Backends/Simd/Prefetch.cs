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

    /// <summary>The block of the result that a tile will add to or fill: it arrives while the tile computes.</summary>
    internal static void Tile(float* c, long cRow, int rows)
    {
        for (; rows > 0; rows--, c += cRow)
        {
            At(c);
            At(c + 16);
        }
    }
}
