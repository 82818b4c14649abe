using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors;

/// <summary>Asks for memory before it is needed.</summary>
internal static unsafe class Prefetch
{
    /// <summary>The block of the result that a tile will add to or fill: it arrives while the tile computes.</summary>
    internal static void Tile(float* c, long cRow, int rows)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        for (; rows > 0; rows--, c += cRow)
        {
            Sse.Prefetch0(c);
            Sse.Prefetch0(c + 16);
        }
    }
}
