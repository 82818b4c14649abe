using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>12 × 32 over sixteen lanes: twenty-four of the thirty-two registers of AVX-512 accumulate.</summary>
internal readonly unsafe struct Tile512 : ITile
{
    public static int Rows => 12;

    public static int Columns => 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(long depth, float* a, long aRow, long aStep, float* b, long bStep, float* c, long cRow, bool add)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        Vector512<float> c60 = default, c61 = default, c70 = default, c71 = default, c80 = default, c81 = default;
        Vector512<float> c90 = default, c91 = default, ca0 = default, ca1 = default, cb0 = default, cb1 = default;
        var a4 = a + 4 * aRow;
        var a8 = a + 8 * aRow;
        var three = 3 * aRow;
        for (; depth > 0; depth--)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + 16);
            var x = Vector512.Create(a[0]);
            c00 = Vector512.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector512.MultiplyAddEstimate(x, b1, c01);
            x = Vector512.Create(a[aRow]);
            c10 = Vector512.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector512.MultiplyAddEstimate(x, b1, c11);
            x = Vector512.Create(a[2 * aRow]);
            c20 = Vector512.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector512.MultiplyAddEstimate(x, b1, c21);
            x = Vector512.Create(a[three]);
            c30 = Vector512.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector512.MultiplyAddEstimate(x, b1, c31);
            x = Vector512.Create(a4[0]);
            c40 = Vector512.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector512.MultiplyAddEstimate(x, b1, c41);
            x = Vector512.Create(a4[aRow]);
            c50 = Vector512.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector512.MultiplyAddEstimate(x, b1, c51);
            x = Vector512.Create(a4[2 * aRow]);
            c60 = Vector512.MultiplyAddEstimate(x, b0, c60);
            c61 = Vector512.MultiplyAddEstimate(x, b1, c61);
            x = Vector512.Create(a4[three]);
            c70 = Vector512.MultiplyAddEstimate(x, b0, c70);
            c71 = Vector512.MultiplyAddEstimate(x, b1, c71);
            x = Vector512.Create(a8[0]);
            c80 = Vector512.MultiplyAddEstimate(x, b0, c80);
            c81 = Vector512.MultiplyAddEstimate(x, b1, c81);
            x = Vector512.Create(a8[aRow]);
            c90 = Vector512.MultiplyAddEstimate(x, b0, c90);
            c91 = Vector512.MultiplyAddEstimate(x, b1, c91);
            x = Vector512.Create(a8[2 * aRow]);
            ca0 = Vector512.MultiplyAddEstimate(x, b0, ca0);
            ca1 = Vector512.MultiplyAddEstimate(x, b1, ca1);
            x = Vector512.Create(a8[three]);
            cb0 = Vector512.MultiplyAddEstimate(x, b0, cb0);
            cb1 = Vector512.MultiplyAddEstimate(x, b1, cb1);
            a += aStep;
            a4 += aStep;
            a8 += aStep;
            b += bStep;
        }

        Store(c00, c01, c, add);
        Store(c10, c11, c += cRow, add);
        Store(c20, c21, c += cRow, add);
        Store(c30, c31, c += cRow, add);
        Store(c40, c41, c += cRow, add);
        Store(c50, c51, c += cRow, add);
        Store(c60, c61, c += cRow, add);
        Store(c70, c71, c += cRow, add);
        Store(c80, c81, c += cRow, add);
        Store(c90, c91, c += cRow, add);
        Store(ca0, ca1, c += cRow, add);
        Store(cb0, cb1, c + cRow, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(Vector512<float> left, Vector512<float> right, float* c, bool add)
    {
        if (add)
        {
            left += Vector512.Load(c);
            right += Vector512.Load(c + 16);
        }

        left.Store(c);
        right.Store(c + 16);
    }
}
