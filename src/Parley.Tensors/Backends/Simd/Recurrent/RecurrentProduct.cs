using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>Few rows times packed weights, two registers of columns wide: the product of every step of a recurrent layer.</summary>
/// <remarks>Eight rows a time where there are registers for it, else four. Each sum has one accumulator and one order, so a row does not depend on those beside it.</remarks>
internal static unsafe class RecurrentProduct<T>
    where T : struct, ILanes<T>
{
    /// <summary>Columns of a panel.</summary>
    internal static int Width
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2 * T.Count;
    }

    /// <summary>Rows that must be readable, and of the result writable, for so many.</summary>
    internal static int Room(int rows) => (rows + 7) / 8 * 8;

    /// <summary>Floats that all panels of a matrix take.</summary>
    internal static long Packed(int columns, int depth) => (long)((columns + Width - 1) / Width * Width) * depth;

    /// <summary>Packs panels of one matrix, one after another: each [depth, width].</summary>
    internal static void Pack(Workers workers, float* w, long columnStride, long depthStride, int columns, int depth, float* target) =>
        workers.Run((columns + Width - 1) / Width, panel => Packing.Pack(
            w + (panel * Width * columnStride), columnStride, depthStride, Math.Min(Width, columns - (panel * Width)), Width, depth, target + ((long)panel * Width * depth)));

    /// <summary>y[rows, width] = x[rows, depth] panel; rows of y are Width apart.</summary>
    internal static void Run(int rows, int depth, float* x, nint xRow, float* panel, float* y)
    {
        for (var row = 0; row < rows; row += T.Count < 16 || rows - row <= 4 ? 4 : 8)
        {
            if (T.Count < 16 || rows - row <= 4)
            {
                Four(depth, x + (row * xRow), xRow, panel, y + (row * Width));
            }
            else
            {
                Eight(depth, x + (row * xRow), xRow, panel, y + (row * Width));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(nint depth, float* x, nint row, float* w, float* y)
    {
        T a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        for (; depth > 0; depth--)
        {
            var (left, right) = (T.Load(w), T.Load(w + T.Count));
            var v = T.Of(x[0]);
            a0 = T.MultiplyAdd(v, left, a0);
            a1 = T.MultiplyAdd(v, right, a1);
            v = T.Of(x[row]);
            b0 = T.MultiplyAdd(v, left, b0);
            b1 = T.MultiplyAdd(v, right, b1);
            v = T.Of(x[2 * row]);
            c0 = T.MultiplyAdd(v, left, c0);
            c1 = T.MultiplyAdd(v, right, c1);
            v = T.Of(x[3 * row]);
            d0 = T.MultiplyAdd(v, left, d0);
            d1 = T.MultiplyAdd(v, right, d1);
            x++;
            w += Width;
        }

        Store(a0, a1, y);
        Store(b0, b1, y + Width);
        Store(c0, c1, y + (2 * Width));
        Store(d0, d1, y + (3 * Width));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Eight(nint depth, float* x, nint row, float* w, float* y)
    {
        T a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        T e0 = default, e1 = default, f0 = default, f1 = default, g0 = default, g1 = default, h0 = default, h1 = default;
        var x4 = x + (4 * row);
        var three = 3 * row;
        for (; depth > 0; depth--)
        {
            var (left, right) = (T.Load(w), T.Load(w + T.Count));
            var v = T.Of(x[0]);
            a0 = T.MultiplyAdd(v, left, a0);
            a1 = T.MultiplyAdd(v, right, a1);
            v = T.Of(x[row]);
            b0 = T.MultiplyAdd(v, left, b0);
            b1 = T.MultiplyAdd(v, right, b1);
            v = T.Of(x[2 * row]);
            c0 = T.MultiplyAdd(v, left, c0);
            c1 = T.MultiplyAdd(v, right, c1);
            v = T.Of(x[three]);
            d0 = T.MultiplyAdd(v, left, d0);
            d1 = T.MultiplyAdd(v, right, d1);
            v = T.Of(x4[0]);
            e0 = T.MultiplyAdd(v, left, e0);
            e1 = T.MultiplyAdd(v, right, e1);
            v = T.Of(x4[row]);
            f0 = T.MultiplyAdd(v, left, f0);
            f1 = T.MultiplyAdd(v, right, f1);
            v = T.Of(x4[2 * row]);
            g0 = T.MultiplyAdd(v, left, g0);
            g1 = T.MultiplyAdd(v, right, g1);
            v = T.Of(x4[three]);
            h0 = T.MultiplyAdd(v, left, h0);
            h1 = T.MultiplyAdd(v, right, h1);
            x++;
            x4++;
            w += Width;
        }

        Store(a0, a1, y);
        Store(b0, b1, y += Width);
        Store(c0, c1, y += Width);
        Store(d0, d1, y += Width);
        Store(e0, e1, y += Width);
        Store(f0, f1, y += Width);
        Store(g0, g1, y += Width);
        Store(h0, h1, y + Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T left, T right, float* y)
    {
        left.Store(y);
        right.Store(y + T.Count);
    }
}
