using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>The widest register tile of this machine, for callers that pack panels themselves: convolution and attention.</summary>
/// <remarks>Every element sums its steps in order with one accumulator, so results do not depend on how a product is cut into tiles.</remarks>
internal static unsafe class TileKernel
{
    /// <summary>Rows of a tile.</summary>
    internal static int Rows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated ? Tile512.Rows : Vector256.IsHardwareAccelerated ? Tile256.Rows : Tile128.Rows;
    }

    /// <summary>Rows of a tile for results of few rows, such as the width of a head: eight divide what twelve would fill up with zeros.</summary>
    internal static int ShortRows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated ? ShortTile512.Rows : Rows;
    }

    /// <summary>Columns of a tile: two vectors.</summary>
    internal static int Columns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated ? Tile512.Columns : Vector256.IsHardwareAccelerated ? Tile256.Columns : Tile128.Columns;
    }

    /// <summary>c[rows, columns] (+)= a[steps, rows]ᵀ b[steps, columns], one whole tile; both are packed.</summary>
    internal static void Run(int steps, float* a, float* b, float* c, long cStride, bool add) => Run(steps, a, 1, Rows, b, Columns, c, cStride, add);

    /// <summary>c[short rows, columns] += a[steps, short rows]ᵀ b[steps, columns]; both are packed.</summary>
    internal static void RunShort(int steps, float* a, float* b, float* c, long cStride)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            ShortTile512.Multiply(steps, a, 1, ShortTile512.Rows, b, ShortTile512.Columns, c, cStride, add: true);
        }
        else
        {
            Run(steps, a, b, c, cStride, add: true);
        }
    }

    /// <summary>One whole tile with a and b where they lie: their rows and steps are so many floats apart.</summary>
    internal static void Run(int steps, float* a, long aRow, long aStep, float* b, long bStep, float* c, long cStride, bool add)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Tile512.Multiply(steps, a, aRow, aStep, b, bStep, c, cStride, add);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Tile256.Multiply(steps, a, aRow, aStep, b, bStep, c, cStride, add);
        }
        else
        {
            Tile128.Multiply(steps, a, aRow, aStep, b, bStep, c, cStride, add);
        }
    }

    /// <summary>The same where only some rows and columns of c exist; those of a exist, or are zero.</summary>
    internal static void RunEdge(int steps, float* a, long aRow, long aStep, float* b, long bStep, float* c, long cStride, bool add, int rows, int columns)
    {
        if (rows == Rows && columns == Columns)
        {
            Run(steps, a, aRow, aStep, b, bStep, c, cStride, add);
            return;
        }

        var tile = stackalloc float[12 * 32];
        Run(steps, a, aRow, aStep, b, bStep, tile, Columns, add: false);
        for (var r = 0; r < rows; r++)
        {
            var (from, to) = ((long)r * Columns, r * cStride);
            for (var j = 0; j < columns; j++)
            {
                c[to + j] = add ? c[to + j] + tile[from + j] : tile[from + j];
            }
        }
    }
}
