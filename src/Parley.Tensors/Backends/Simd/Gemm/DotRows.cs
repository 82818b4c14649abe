using System.Numerics;
using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>Few rows times weights [out, in]: dot products along the weight rows, which come from memory once, in order and unpacked.</summary>
/// <remarks>Four weight rows against up to three rows of x at a time: twelve accumulators, one for each sum, so that a row of x has the same result
/// whatever stands beside it. Vector is as wide as suits loads: 256 bits on x86, 128 on Arm64.</remarks>
internal static unsafe class DotRows
{
    /// <summary>Most rows of x that this is for; packing pays beyond.</summary>
    internal const int Most = 16;

    private const int Group = 4;

    /// <summary>Floats from the ones at hand to those that are fetched: in the same rows, or at the start of the next four.</summary>
    private const int Reach = 128;
    private const long PieceFloats = 16 << 10;

    /// <summary>c[m, n] = epilogue(a[m, k] w[n, k]ᵀ); rows of a and w are dense.</summary>
    internal static void Run(Workers workers, int m, int n, int k, float* a, long aRow, float* w, long wRow, float* c, long cRow, Epilogue epilogue)
    {
        var perPiece = (int)Math.Max(PieceFloats / k / Group, 1) * Group;
        workers.Run((n + perPiece - 1) / perPiece, piece =>
        {
            var first = piece * perPiece;
            var count = Math.Min(perPiece, n - first);
            var sums = stackalloc float[3 * Group];
            for (var j = first; j < first + count; j += Group)
            {
                var columns = Math.Min(Group, n - j);
                for (var i = 0; i < m; i += 3)
                {
                    var rows = Math.Min(3, m - i);
                    Dot(rows, k, a + i * aRow, aRow, w + j * wRow, wRow, columns, sums);
                    Store(rows, columns, sums, c + i * cRow + j, cRow, epilogue.Accumulate);
                }
            }

            epilogue.Apply(0, first, m, count, c + first, cRow);
        });
    }

    private static void Store(int rows, int columns, float* sums, float* c, long cRow, bool accumulate)
    {
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
            {
                c[i * cRow + j] = accumulate ? c[i * cRow + j] + sums[i * Group + j] : sums[i * Group + j];
            }
        }
    }

    // Weight rows beyond the last are the last again, so that every sum is formed in the same way wherever its column stands.
    private static void Dot(int rows, int k, float* x, long xRow, float* w, long wRow, int columns, float* sums)
    {
        var w1 = columns > 1 ? w + wRow : w;
        var w2 = columns > 2 ? w1 + wRow : w1;
        var w3 = columns > 3 ? w2 + wRow : w2;
        switch (rows)
        {
            case 1:
                Dot1(k, x, w, w1, w2, w3, (Group * wRow) - k, sums);
                break;
            case 2:
                Dot2(k, x, x + xRow, w, w1, w2, w3, sums);
                break;
            default:
                Dot3(k, x, x + xRow, x + 2 * xRow, w, w1, w2, w3, sums);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot1(int k, float* x, float* w0, float* w1, float* w2, float* w3, long past, float* sums)
    {
        Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
        var width = Vector<float>.Count;
        nint p = 0;
        for (; p <= k - (2 * width); p += 2 * width)
        {
            var next = p + Reach < k ? p + Reach : p + Reach + past;
            Prefetch.At(w0 + next);
            Prefetch.At(w1 + next);
            Prefetch.At(w2 + next);
            Prefetch.At(w3 + next);
            var v = Vector.Load(x + p);
            s0 = Vector.MultiplyAddEstimate(Vector.Load(w0 + p), v, s0);
            s1 = Vector.MultiplyAddEstimate(Vector.Load(w1 + p), v, s1);
            s2 = Vector.MultiplyAddEstimate(Vector.Load(w2 + p), v, s2);
            s3 = Vector.MultiplyAddEstimate(Vector.Load(w3 + p), v, s3);
            v = Vector.Load(x + p + width);
            s0 = Vector.MultiplyAddEstimate(Vector.Load(w0 + p + width), v, s0);
            s1 = Vector.MultiplyAddEstimate(Vector.Load(w1 + p + width), v, s1);
            s2 = Vector.MultiplyAddEstimate(Vector.Load(w2 + p + width), v, s2);
            s3 = Vector.MultiplyAddEstimate(Vector.Load(w3 + p + width), v, s3);
        }

        for (; p <= k - width; p += width)
        {
            var v = Vector.Load(x + p);
            s0 = Vector.MultiplyAddEstimate(Vector.Load(w0 + p), v, s0);
            s1 = Vector.MultiplyAddEstimate(Vector.Load(w1 + p), v, s1);
            s2 = Vector.MultiplyAddEstimate(Vector.Load(w2 + p), v, s2);
            s3 = Vector.MultiplyAddEstimate(Vector.Load(w3 + p), v, s3);
        }

        Finish(p, k, x, w0, w1, w2, w3, s0, s1, s2, s3, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot2(int k, float* x, float* y, float* w0, float* w1, float* w2, float* w3, float* sums)
    {
        Vector<float> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        var width = Vector<float>.Count;
        nint p = 0;
        for (; p <= k - width; p += width)
        {
            var (u, v) = (Vector.Load(x + p), Vector.Load(y + p));
            var weight = Vector.Load(w0 + p);
            s0 = Vector.MultiplyAddEstimate(weight, u, s0);
            t0 = Vector.MultiplyAddEstimate(weight, v, t0);
            weight = Vector.Load(w1 + p);
            s1 = Vector.MultiplyAddEstimate(weight, u, s1);
            t1 = Vector.MultiplyAddEstimate(weight, v, t1);
            weight = Vector.Load(w2 + p);
            s2 = Vector.MultiplyAddEstimate(weight, u, s2);
            t2 = Vector.MultiplyAddEstimate(weight, v, t2);
            weight = Vector.Load(w3 + p);
            s3 = Vector.MultiplyAddEstimate(weight, u, s3);
            t3 = Vector.MultiplyAddEstimate(weight, v, t3);
        }

        Finish(p, k, x, w0, w1, w2, w3, s0, s1, s2, s3, sums);
        Finish(p, k, y, w0, w1, w2, w3, t0, t1, t2, t3, sums + Group);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot3(int k, float* x, float* y, float* z, float* w0, float* w1, float* w2, float* w3, float* sums)
    {
        Vector<float> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        Vector<float> r0 = default, r1 = default, r2 = default, r3 = default;
        var width = Vector<float>.Count;
        nint p = 0;
        for (; p <= k - width; p += width)
        {
            var u = Vector.Load(x + p);
            var v = Vector.Load(y + p);
            var o = Vector.Load(z + p);
            var weight = Vector.Load(w0 + p);
            s0 = Vector.MultiplyAddEstimate(weight, u, s0);
            t0 = Vector.MultiplyAddEstimate(weight, v, t0);
            r0 = Vector.MultiplyAddEstimate(weight, o, r0);
            weight = Vector.Load(w1 + p);
            s1 = Vector.MultiplyAddEstimate(weight, u, s1);
            t1 = Vector.MultiplyAddEstimate(weight, v, t1);
            r1 = Vector.MultiplyAddEstimate(weight, o, r1);
            weight = Vector.Load(w2 + p);
            s2 = Vector.MultiplyAddEstimate(weight, u, s2);
            t2 = Vector.MultiplyAddEstimate(weight, v, t2);
            r2 = Vector.MultiplyAddEstimate(weight, o, r2);
            weight = Vector.Load(w3 + p);
            s3 = Vector.MultiplyAddEstimate(weight, u, s3);
            t3 = Vector.MultiplyAddEstimate(weight, v, t3);
            r3 = Vector.MultiplyAddEstimate(weight, o, r3);
        }

        Finish(p, k, x, w0, w1, w2, w3, s0, s1, s2, s3, sums);
        Finish(p, k, y, w0, w1, w2, w3, t0, t1, t2, t3, sums + Group);
        Finish(p, k, z, w0, w1, w2, w3, r0, r1, r2, r3, sums + 2 * Group);
    }

    // Adds up the lanes and the last values, which fill no vector.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(
        nint p, int k, float* x, float* w0, float* w1, float* w2, float* w3, Vector<float> s0, Vector<float> s1, Vector<float> s2, Vector<float> s3, float* sums)
    {
        var (a, b, c, d) = (Vector.Sum(s0), Vector.Sum(s1), Vector.Sum(s2), Vector.Sum(s3));
        for (; p < k; p++)
        {
            var v = x[p];
            a += w0[p] * v;
            b += w1[p] * v;
            c += w2[p] * v;
            d += w3[p] * v;
        }

        (sums[0], sums[1], sums[2], sums[3]) = (a, b, c, d);
    }
}
