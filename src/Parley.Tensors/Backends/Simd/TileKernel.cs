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

    /// <summary>Columns of a tile: two vectors.</summary>
    internal static int Columns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated ? Tile512.Columns : Vector256.IsHardwareAccelerated ? Tile256.Columns : Tile128.Columns;
    }

    /// <summary>c[rows, columns] (+)= a[steps, rows]ᵀ b[steps, columns], one whole tile; both are packed.</summary>
    internal static void Run(int steps, float* a, float* b, float* c, long cStride, bool add) => Run(steps, a, 1, Rows, b, c, cStride, add);

    /// <summary>The same with a where it lies: its rows and steps are so many floats apart.</summary>
    internal static void Run(int steps, float* a, long aRow, long aStep, float* b, float* c, long cStride, bool add)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Tile512.Multiply(steps, a, aRow, aStep, b, c, cStride, add);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Tile256.Multiply(steps, a, aRow, aStep, b, c, cStride, add);
        }
        else
        {
            Tile128.Multiply(steps, a, aRow, aStep, b, c, cStride, add);
        }
    }

    /// <summary>The same where only some rows and columns of c exist; those of a exist, or are zero.</summary>
    internal static void RunEdge(int steps, float* a, long aRow, long aStep, float* b, float* c, long cStride, bool add, int rows, int columns)
    {
        if (rows == Rows && columns == Columns)
        {
            Run(steps, a, aRow, aStep, b, c, cStride, add);
            return;
        }

        var tile = stackalloc float[12 * 32];
        Run(steps, a, aRow, aStep, b, tile, Columns, add: false);
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
