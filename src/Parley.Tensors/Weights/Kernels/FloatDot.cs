using System.Numerics;
using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>Product with a small block of float32 rows that was just decoded into the cache: tiles of four inputs by three outputs.</summary>
internal static unsafe class FloatDot
{
    internal const int Columns = 3;
    private const int Rows = 4;

    /// <summary>y[rows, columns] = x wᵀ; w is [columns, depth] and dense.</summary>
    internal static void Block(int rows, float* x, long xStride, float* w, int columns, int depth, float* y, long yStride)
    {
        for (var r = 0; r < rows; r += Rows)
        {
            for (var c = 0; c < columns; c += Columns)
            {
                Tile(Math.Min(Rows, rows - r), x + (r * xStride), xStride, Math.Min(Columns, columns - c), w + ((long)c * depth), depth, y + (r * yStride) + c, yStride);
            }
        }
    }

    // Beyond the edge the last row or column is repeated, and its sums are not stored.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(int rows, float* x, long xStride, int columns, float* w, int depth, float* y, long yStride)
    {
        float* x0 = x, x1 = x + (Math.Min(1, rows - 1) * xStride), x2 = x + (Math.Min(2, rows - 1) * xStride), x3 = x + (Math.Min(3, rows - 1) * xStride);
        float* w0 = w, w1 = w + (Math.Min(1, columns - 1) * (long)depth), w2 = w + (Math.Min(2, columns - 1) * (long)depth);
        Vector<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default, c0 = default, c1 = default, c2 = default, c3 = default;
        nint i = 0;
        for (; i <= depth - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> u0 = Vector.Load(w0 + i), u1 = Vector.Load(w1 + i), u2 = Vector.Load(w2 + i);
            var v = Vector.Load(x0 + i);
            a0 = Vector.FusedMultiplyAdd(v, u0, a0);
            b0 = Vector.FusedMultiplyAdd(v, u1, b0);
            c0 = Vector.FusedMultiplyAdd(v, u2, c0);
            v = Vector.Load(x1 + i);
            a1 = Vector.FusedMultiplyAdd(v, u0, a1);
            b1 = Vector.FusedMultiplyAdd(v, u1, b1);
            c1 = Vector.FusedMultiplyAdd(v, u2, c1);
            v = Vector.Load(x2 + i);
            a2 = Vector.FusedMultiplyAdd(v, u0, a2);
            b2 = Vector.FusedMultiplyAdd(v, u1, b2);
            c2 = Vector.FusedMultiplyAdd(v, u2, c2);
            v = Vector.Load(x3 + i);
            a3 = Vector.FusedMultiplyAdd(v, u0, a3);
            b3 = Vector.FusedMultiplyAdd(v, u1, b3);
            c3 = Vector.FusedMultiplyAdd(v, u2, c3);
        }

        var sums = stackalloc float[Rows * Columns]
        {
            Vector.Sum(a0), Vector.Sum(b0), Vector.Sum(c0), Vector.Sum(a1), Vector.Sum(b1), Vector.Sum(c1),
            Vector.Sum(a2), Vector.Sum(b2), Vector.Sum(c2), Vector.Sum(a3), Vector.Sum(b3), Vector.Sum(c3),
        };
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                var sum = sums[(r * Columns) + c];
                for (var k = i; k < depth; k++)
                {
                    sum += x[(r * xStride) + k] * w[((long)c * depth) + k];
                }

                y[(r * yStride) + c] = sum;
            }
        }
    }
}
