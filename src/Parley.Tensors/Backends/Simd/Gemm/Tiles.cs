using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>A block of the result that fits in registers, and the loop that fills it.</summary>
internal unsafe interface ITile
{
    /// <summary>Rows of the block.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of the block.</summary>
    static abstract int Columns { get; }

    /// <summary>c[rows, columns] (+)= a[rows, depth] b[depth, columns].</summary>
    /// <param name="depth">Steps to sum over.</param>
    /// <param name="a">First value of a, where it lies or packed.</param>
    /// <param name="aRow">Floats from one row of a to the next: 1 when packed.</param>
    /// <param name="aStep">Floats from one step of a to the next: <see cref="Rows"/> when packed.</param>
    /// <param name="b">First value of b, where it lies or packed; columns are neighbours.</param>
    /// <param name="bStep">Floats from one step of b to the next: <see cref="Columns"/> when packed.</param>
    /// <param name="c">First value of the result.</param>
    /// <param name="cRow">Floats from one row of c to the next.</param>
    /// <param name="add">Whether the product is added to what c holds.</param>
    static abstract void Multiply(long depth, float* a, long aRow, long aStep, float* b, long bStep, float* c, long cRow, bool add);
}

/// <summary>6 × 16 over eight lanes: twelve accumulators, two of b and one of a fill the sixteen registers of AVX2.</summary>
internal readonly unsafe struct Tile256 : ITile
{
    public static int Rows => 6;

    public static int Columns => 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(long depth, float* a, long aRow, long aStep, float* b, long bStep, float* c, long cRow, bool add)
    {
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector256<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        var a3 = a + 3 * aRow;
        for (; depth > 0; depth--)
        {
            var b0 = Vector256.Load(b);
            var b1 = Vector256.Load(b + 8);
            var x = Vector256.Create(a[0]);
            c00 = Vector256.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector256.MultiplyAddEstimate(x, b1, c01);
            x = Vector256.Create(a[aRow]);
            c10 = Vector256.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector256.MultiplyAddEstimate(x, b1, c11);
            x = Vector256.Create(a[2 * aRow]);
            c20 = Vector256.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector256.MultiplyAddEstimate(x, b1, c21);
            x = Vector256.Create(a3[0]);
            c30 = Vector256.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector256.MultiplyAddEstimate(x, b1, c31);
            x = Vector256.Create(a3[aRow]);
            c40 = Vector256.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector256.MultiplyAddEstimate(x, b1, c41);
            x = Vector256.Create(a3[2 * aRow]);
            c50 = Vector256.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector256.MultiplyAddEstimate(x, b1, c51);
            a += aStep;
            a3 += aStep;
            b += bStep;
        }

        Store(c00, c01, c, add);
        Store(c10, c11, c += cRow, add);
        Store(c20, c21, c += cRow, add);
        Store(c30, c31, c += cRow, add);
        Store(c40, c41, c += cRow, add);
        Store(c50, c51, c + cRow, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<float> left, Vector256<float> right, float* c, bool add)
    {
        if (add)
        {
            left += Vector256.Load(c);
            right += Vector256.Load(c + 8);
        }

        left.Store(c);
        right.Store(c + 8);
    }
}

/// <summary>6 × 8 over four lanes, for Arm64 and SSE.</summary>
internal readonly unsafe struct Tile128 : ITile
{
    public static int Rows => 6;

    public static int Columns => 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(long depth, float* a, long aRow, long aStep, float* b, long bStep, float* c, long cRow, bool add)
    {
        Vector128<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector128<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        var a3 = a + 3 * aRow;
        for (; depth > 0; depth--)
        {
            var b0 = Vector128.Load(b);
            var b1 = Vector128.Load(b + 4);
            var x = Vector128.Create(a[0]);
            c00 = Vector128.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(x, b1, c01);
            x = Vector128.Create(a[aRow]);
            c10 = Vector128.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(x, b1, c11);
            x = Vector128.Create(a[2 * aRow]);
            c20 = Vector128.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(x, b1, c21);
            x = Vector128.Create(a3[0]);
            c30 = Vector128.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(x, b1, c31);
            x = Vector128.Create(a3[aRow]);
            c40 = Vector128.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector128.MultiplyAddEstimate(x, b1, c41);
            x = Vector128.Create(a3[2 * aRow]);
            c50 = Vector128.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector128.MultiplyAddEstimate(x, b1, c51);
            a += aStep;
            a3 += aStep;
            b += bStep;
        }

        Store(c00, c01, c, add);
        Store(c10, c11, c += cRow, add);
        Store(c20, c21, c += cRow, add);
        Store(c30, c31, c += cRow, add);
        Store(c40, c41, c += cRow, add);
        Store(c50, c51, c + cRow, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<float> left, Vector128<float> right, float* c, bool add)
    {
        if (add)
        {
            left += Vector128.Load(c);
            right += Vector128.Load(c + 4);
        }

        left.Store(c);
        right.Store(c + 4);
    }
}
