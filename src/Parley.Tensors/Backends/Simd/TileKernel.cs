using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>The register tile under convolution and attention: c[rows, columns] (+)= Σₖ a[k][rows] b[k][columns].</summary>
/// <remarks>
/// a holds <see cref="Rows"/> neighbouring values a step, b holds <see cref="Columns"/>; both advance by a stride of their own, so packed panels and
/// plain matrices fit alike. Every element sums k in order with one accumulator, so results do not depend on how a product is cut into tiles.
/// </remarks>
internal static unsafe class TileKernel
{
    /// <summary>Rows of a tile.</summary>
    internal static int Rows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated ? 12 : 6;
    }

    /// <summary>Columns of a tile: two vectors.</summary>
    internal static int Columns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated ? 32 : Vector256.IsHardwareAccelerated ? 16 : 8;
    }

    /// <summary>One whole tile; <paramref name="add"/> adds to what c holds, else c is overwritten.</summary>
    internal static void Run(int steps, float* a, long aStep, float* b, long bStep, float* c, long cStride, bool add)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Run512(steps, a, aStep, b, bStep, c, cStride, add);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Run256(steps, a, aStep, b, bStep, c, cStride, add);
        }
        else
        {
            Run128(steps, a, aStep, b, bStep, c, cStride, add);
        }
    }

    /// <summary>The same where only some rows and columns of c exist.</summary>
    internal static void RunEdge(int steps, float* a, long aStep, float* b, long bStep, float* c, long cStride, bool add, int rows, int columns)
    {
        if (rows == Rows && columns == Columns)
        {
            Run(steps, a, aStep, b, bStep, c, cStride, add);
            return;
        }

        var tile = stackalloc float[12 * 32];
        for (var r = 0; r < Rows; r++)
        {
            for (var j = 0; j < Columns; j++)
            {
                tile[(r * Columns) + j] = add && r < rows && j < columns ? c[(r * cStride) + j] : 0;
            }
        }

        Run(steps, a, aStep, b, bStep, tile, Columns, add);
        for (var r = 0; r < rows; r++)
        {
            new ReadOnlySpan<float>(tile + (r * Columns), columns).CopyTo(new Span<float>(c + (r * cStride), columns));
        }
    }

    private static void Run256(int steps, float* a, long aStep, float* b, long bStep, float* c, long cStride, bool add)
    {
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector256<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        if (add)
        {
            (c00, c01) = (Vector256.Load(c), Vector256.Load(c + 8));
            (c10, c11) = (Vector256.Load(c + cStride), Vector256.Load(c + cStride + 8));
            (c20, c21) = (Vector256.Load(c + (2 * cStride)), Vector256.Load(c + (2 * cStride) + 8));
            (c30, c31) = (Vector256.Load(c + (3 * cStride)), Vector256.Load(c + (3 * cStride) + 8));
            (c40, c41) = (Vector256.Load(c + (4 * cStride)), Vector256.Load(c + (4 * cStride) + 8));
            (c50, c51) = (Vector256.Load(c + (5 * cStride)), Vector256.Load(c + (5 * cStride) + 8));
        }

        for (var k = 0; k < steps; k++)
        {
            var b0 = Vector256.Load(b);
            var b1 = Vector256.Load(b + 8);
            var w = Vector256.Create(a[0]);
            c00 = Vector256.MultiplyAddEstimate(w, b0, c00);
            c01 = Vector256.MultiplyAddEstimate(w, b1, c01);
            w = Vector256.Create(a[1]);
            c10 = Vector256.MultiplyAddEstimate(w, b0, c10);
            c11 = Vector256.MultiplyAddEstimate(w, b1, c11);
            w = Vector256.Create(a[2]);
            c20 = Vector256.MultiplyAddEstimate(w, b0, c20);
            c21 = Vector256.MultiplyAddEstimate(w, b1, c21);
            w = Vector256.Create(a[3]);
            c30 = Vector256.MultiplyAddEstimate(w, b0, c30);
            c31 = Vector256.MultiplyAddEstimate(w, b1, c31);
            w = Vector256.Create(a[4]);
            c40 = Vector256.MultiplyAddEstimate(w, b0, c40);
            c41 = Vector256.MultiplyAddEstimate(w, b1, c41);
            w = Vector256.Create(a[5]);
            c50 = Vector256.MultiplyAddEstimate(w, b0, c50);
            c51 = Vector256.MultiplyAddEstimate(w, b1, c51);
            a += aStep;
            b += bStep;
        }

        c00.Store(c);
        c01.Store(c + 8);
        c10.Store(c + cStride);
        c11.Store(c + cStride + 8);
        c20.Store(c + (2 * cStride));
        c21.Store(c + (2 * cStride) + 8);
        c30.Store(c + (3 * cStride));
        c31.Store(c + (3 * cStride) + 8);
        c40.Store(c + (4 * cStride));
        c41.Store(c + (4 * cStride) + 8);
        c50.Store(c + (5 * cStride));
        c51.Store(c + (5 * cStride) + 8);
    }

    private static void Run128(int steps, float* a, long aStep, float* b, long bStep, float* c, long cStride, bool add)
    {
        Vector128<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector128<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        if (add)
        {
            (c00, c01) = (Vector128.Load(c), Vector128.Load(c + 4));
            (c10, c11) = (Vector128.Load(c + cStride), Vector128.Load(c + cStride + 4));
            (c20, c21) = (Vector128.Load(c + (2 * cStride)), Vector128.Load(c + (2 * cStride) + 4));
            (c30, c31) = (Vector128.Load(c + (3 * cStride)), Vector128.Load(c + (3 * cStride) + 4));
            (c40, c41) = (Vector128.Load(c + (4 * cStride)), Vector128.Load(c + (4 * cStride) + 4));
            (c50, c51) = (Vector128.Load(c + (5 * cStride)), Vector128.Load(c + (5 * cStride) + 4));
        }

        for (var k = 0; k < steps; k++)
        {
            var b0 = Vector128.Load(b);
            var b1 = Vector128.Load(b + 4);
            var w = Vector128.Create(a[0]);
            c00 = Vector128.MultiplyAddEstimate(w, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(w, b1, c01);
            w = Vector128.Create(a[1]);
            c10 = Vector128.MultiplyAddEstimate(w, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(w, b1, c11);
            w = Vector128.Create(a[2]);
            c20 = Vector128.MultiplyAddEstimate(w, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(w, b1, c21);
            w = Vector128.Create(a[3]);
            c30 = Vector128.MultiplyAddEstimate(w, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(w, b1, c31);
            w = Vector128.Create(a[4]);
            c40 = Vector128.MultiplyAddEstimate(w, b0, c40);
            c41 = Vector128.MultiplyAddEstimate(w, b1, c41);
            w = Vector128.Create(a[5]);
            c50 = Vector128.MultiplyAddEstimate(w, b0, c50);
            c51 = Vector128.MultiplyAddEstimate(w, b1, c51);
            a += aStep;
            b += bStep;
        }

        c00.Store(c);
        c01.Store(c + 4);
        c10.Store(c + cStride);
        c11.Store(c + cStride + 4);
        c20.Store(c + (2 * cStride));
        c21.Store(c + (2 * cStride) + 4);
        c30.Store(c + (3 * cStride));
        c31.Store(c + (3 * cStride) + 4);
        c40.Store(c + (4 * cStride));
        c41.Store(c + (4 * cStride) + 4);
        c50.Store(c + (5 * cStride));
        c51.Store(c + (5 * cStride) + 4);
    }

    private static void Run512(int steps, float* a, long aStep, float* b, long bStep, float* c, long cStride, bool add)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        Vector512<float> c60 = default, c61 = default, c70 = default, c71 = default, c80 = default, c81 = default;
        Vector512<float> c90 = default, c91 = default, ca0 = default, ca1 = default, cb0 = default, cb1 = default;
        if (add)
        {
            (c00, c01) = (Vector512.Load(c), Vector512.Load(c + 16));
            (c10, c11) = (Vector512.Load(c + cStride), Vector512.Load(c + cStride + 16));
            (c20, c21) = (Vector512.Load(c + (2 * cStride)), Vector512.Load(c + (2 * cStride) + 16));
            (c30, c31) = (Vector512.Load(c + (3 * cStride)), Vector512.Load(c + (3 * cStride) + 16));
            (c40, c41) = (Vector512.Load(c + (4 * cStride)), Vector512.Load(c + (4 * cStride) + 16));
            (c50, c51) = (Vector512.Load(c + (5 * cStride)), Vector512.Load(c + (5 * cStride) + 16));
            (c60, c61) = (Vector512.Load(c + (6 * cStride)), Vector512.Load(c + (6 * cStride) + 16));
            (c70, c71) = (Vector512.Load(c + (7 * cStride)), Vector512.Load(c + (7 * cStride) + 16));
            (c80, c81) = (Vector512.Load(c + (8 * cStride)), Vector512.Load(c + (8 * cStride) + 16));
            (c90, c91) = (Vector512.Load(c + (9 * cStride)), Vector512.Load(c + (9 * cStride) + 16));
            (ca0, ca1) = (Vector512.Load(c + (10 * cStride)), Vector512.Load(c + (10 * cStride) + 16));
            (cb0, cb1) = (Vector512.Load(c + (11 * cStride)), Vector512.Load(c + (11 * cStride) + 16));
        }

        for (var k = 0; k < steps; k++)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + 16);
            var w = Vector512.Create(a[0]);
            c00 = Vector512.MultiplyAddEstimate(w, b0, c00);
            c01 = Vector512.MultiplyAddEstimate(w, b1, c01);
            w = Vector512.Create(a[1]);
            c10 = Vector512.MultiplyAddEstimate(w, b0, c10);
            c11 = Vector512.MultiplyAddEstimate(w, b1, c11);
            w = Vector512.Create(a[2]);
            c20 = Vector512.MultiplyAddEstimate(w, b0, c20);
            c21 = Vector512.MultiplyAddEstimate(w, b1, c21);
            w = Vector512.Create(a[3]);
            c30 = Vector512.MultiplyAddEstimate(w, b0, c30);
            c31 = Vector512.MultiplyAddEstimate(w, b1, c31);
            w = Vector512.Create(a[4]);
            c40 = Vector512.MultiplyAddEstimate(w, b0, c40);
            c41 = Vector512.MultiplyAddEstimate(w, b1, c41);
            w = Vector512.Create(a[5]);
            c50 = Vector512.MultiplyAddEstimate(w, b0, c50);
            c51 = Vector512.MultiplyAddEstimate(w, b1, c51);
            w = Vector512.Create(a[6]);
            c60 = Vector512.MultiplyAddEstimate(w, b0, c60);
            c61 = Vector512.MultiplyAddEstimate(w, b1, c61);
            w = Vector512.Create(a[7]);
            c70 = Vector512.MultiplyAddEstimate(w, b0, c70);
            c71 = Vector512.MultiplyAddEstimate(w, b1, c71);
            w = Vector512.Create(a[8]);
            c80 = Vector512.MultiplyAddEstimate(w, b0, c80);
            c81 = Vector512.MultiplyAddEstimate(w, b1, c81);
            w = Vector512.Create(a[9]);
            c90 = Vector512.MultiplyAddEstimate(w, b0, c90);
            c91 = Vector512.MultiplyAddEstimate(w, b1, c91);
            w = Vector512.Create(a[10]);
            ca0 = Vector512.MultiplyAddEstimate(w, b0, ca0);
            ca1 = Vector512.MultiplyAddEstimate(w, b1, ca1);
            w = Vector512.Create(a[11]);
            cb0 = Vector512.MultiplyAddEstimate(w, b0, cb0);
            cb1 = Vector512.MultiplyAddEstimate(w, b1, cb1);
            a += aStep;
            b += bStep;
        }

        c00.Store(c);
        c01.Store(c + 16);
        c10.Store(c + cStride);
        c11.Store(c + cStride + 16);
        c20.Store(c + (2 * cStride));
        c21.Store(c + (2 * cStride) + 16);
        c30.Store(c + (3 * cStride));
        c31.Store(c + (3 * cStride) + 16);
        c40.Store(c + (4 * cStride));
        c41.Store(c + (4 * cStride) + 16);
        c50.Store(c + (5 * cStride));
        c51.Store(c + (5 * cStride) + 16);
        c60.Store(c + (6 * cStride));
        c61.Store(c + (6 * cStride) + 16);
        c70.Store(c + (7 * cStride));
        c71.Store(c + (7 * cStride) + 16);
        c80.Store(c + (8 * cStride));
        c81.Store(c + (8 * cStride) + 16);
        c90.Store(c + (9 * cStride));
        c91.Store(c + (9 * cStride) + 16);
        ca0.Store(c + (10 * cStride));
        ca1.Store(c + (10 * cStride) + 16);
        cb0.Store(c + (11 * cStride));
        cb1.Store(c + (11 * cStride) + 16);
    }
}
