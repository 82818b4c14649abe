using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Few rows times weights [out, in]: dot products along the weight rows, which come from memory once, in order and unpacked.</summary>
/// <remarks>Four weight rows against up to three rows of x at a time: twelve accumulators, one for each sum, so that a row of x has the same result
/// whatever stands beside it.</remarks>
internal static unsafe class DotRows
{
    /// <summary>Most rows of x that this is for; packing pays beyond.</summary>
    internal const int Most = 16;

    private const int Group = 4;

    /// <summary>Floats in a cache line.</summary>
    private const int Line = 16;

    /// <summary>Floats from the ones at hand to those that are fetched: in the same rows, or at the start of the next four.</summary>
    private const int Reach = 128;
    private const long PieceFloats = 16 << 10;

    /// <summary>c[m, n] = epilogue(a[m, k] w[n, k]ᵀ); rows of a and w are dense.</summary>
    internal static void Run(Workers workers, int m, int n, int k, float* a, long aRow, float* w, long wRow, float* c, long cRow, Epilogue epilogue)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Run<Lanes512>(workers, m, n, k, a, aRow, w, wRow, c, cRow, epilogue);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Run<Lanes256>(workers, m, n, k, a, aRow, w, wRow, c, cRow, epilogue);
        }
        else
        {
            Run<Lanes128>(workers, m, n, k, a, aRow, w, wRow, c, cRow, epilogue);
        }
    }

    private static void Run<T>(Workers workers, int m, int n, int k, float* a, long aRow, float* w, long wRow, float* c, long cRow, Epilogue epilogue)
        where T : struct, ILanes<T>
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
                    Dot<T>(rows, k, a + i * aRow, aRow, w + j * wRow, wRow, columns, sums);
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
    private static void Dot<T>(int rows, int k, float* x, long xRow, float* w, long wRow, int columns, float* sums)
        where T : struct, ILanes<T>
    {
        var w1 = columns > 1 ? w + wRow : w;
        var w2 = columns > 2 ? w1 + wRow : w1;
        var w3 = columns > 3 ? w2 + wRow : w2;
        switch (rows)
        {
            case 1:
                Dot1<T>(k, x, w, w1, w2, w3, (Group * wRow) - k, sums);
                break;
            case 2:
                Dot2<T>(k, x, x + xRow, w, w1, w2, w3, Group * wRow, sums);
                break;
            default:
                Dot3<T>(k, x, x + xRow, x + 2 * xRow, w, w1, w2, w3, Group * wRow, sums);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot1<T>(int k, float* x, float* w0, float* w1, float* w2, float* w3, long past, float* sums)
        where T : struct, ILanes<T>
    {
        T s0 = default, s1 = default, s2 = default, s3 = default;
        var width = T.Count;
        nint p = 0;
        for (; p <= k - (2 * width); p += 2 * width)
        {
            var next = p + Reach < k ? p + Reach : p + Reach + past;
            Prefetch.At(w0 + next);
            Prefetch.At(w1 + next);
            Prefetch.At(w2 + next);
            Prefetch.At(w3 + next);
            if (2 * T.Count > Line)
            {
                Prefetch.At(w0 + next + Line);
                Prefetch.At(w1 + next + Line);
                Prefetch.At(w2 + next + Line);
                Prefetch.At(w3 + next + Line);
            }

            var v = T.Load(x + p);
            s0 = T.MultiplyAdd(T.Load(w0 + p), v, s0);
            s1 = T.MultiplyAdd(T.Load(w1 + p), v, s1);
            s2 = T.MultiplyAdd(T.Load(w2 + p), v, s2);
            s3 = T.MultiplyAdd(T.Load(w3 + p), v, s3);
            v = T.Load(x + p + width);
            s0 = T.MultiplyAdd(T.Load(w0 + p + width), v, s0);
            s1 = T.MultiplyAdd(T.Load(w1 + p + width), v, s1);
            s2 = T.MultiplyAdd(T.Load(w2 + p + width), v, s2);
            s3 = T.MultiplyAdd(T.Load(w3 + p + width), v, s3);
        }

        for (; p <= k - width; p += width)
        {
            var v = T.Load(x + p);
            s0 = T.MultiplyAdd(T.Load(w0 + p), v, s0);
            s1 = T.MultiplyAdd(T.Load(w1 + p), v, s1);
            s2 = T.MultiplyAdd(T.Load(w2 + p), v, s2);
            s3 = T.MultiplyAdd(T.Load(w3 + p), v, s3);
        }

        Finish<T>(p, k, x, w0, w1, w2, w3, s0, s1, s2, s3, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot2<T>(int k, float* x, float* y, float* w0, float* w1, float* w2, float* w3, long ahead, float* sums)
        where T : struct, ILanes<T>
    {
        T s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        var width = T.Count;
        nint p = 0;
        for (; p <= k - width; p += width)
        {
            Prefetch.At(w0 + p + ahead);
            Prefetch.At(w1 + p + ahead);
            Prefetch.At(w2 + p + ahead);
            Prefetch.At(w3 + p + ahead);
            var (u, v) = (T.Load(x + p), T.Load(y + p));
            var weight = T.Load(w0 + p);
            s0 = T.MultiplyAdd(weight, u, s0);
            t0 = T.MultiplyAdd(weight, v, t0);
            weight = T.Load(w1 + p);
            s1 = T.MultiplyAdd(weight, u, s1);
            t1 = T.MultiplyAdd(weight, v, t1);
            weight = T.Load(w2 + p);
            s2 = T.MultiplyAdd(weight, u, s2);
            t2 = T.MultiplyAdd(weight, v, t2);
            weight = T.Load(w3 + p);
            s3 = T.MultiplyAdd(weight, u, s3);
            t3 = T.MultiplyAdd(weight, v, t3);
        }

        Finish<T>(p, k, x, w0, w1, w2, w3, s0, s1, s2, s3, sums);
        Finish<T>(p, k, y, w0, w1, w2, w3, t0, t1, t2, t3, sums + Group);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot3<T>(int k, float* x, float* y, float* z, float* w0, float* w1, float* w2, float* w3, long ahead, float* sums)
        where T : struct, ILanes<T>
    {
        T s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        T r0 = default, r1 = default, r2 = default, r3 = default;
        var width = T.Count;
        nint p = 0;
        for (; p <= k - width; p += width)
        {
            Prefetch.At(w0 + p + ahead);
            Prefetch.At(w1 + p + ahead);
            Prefetch.At(w2 + p + ahead);
            Prefetch.At(w3 + p + ahead);
            var u = T.Load(x + p);
            var v = T.Load(y + p);
            var o = T.Load(z + p);
            var weight = T.Load(w0 + p);
            s0 = T.MultiplyAdd(weight, u, s0);
            t0 = T.MultiplyAdd(weight, v, t0);
            r0 = T.MultiplyAdd(weight, o, r0);
            weight = T.Load(w1 + p);
            s1 = T.MultiplyAdd(weight, u, s1);
            t1 = T.MultiplyAdd(weight, v, t1);
            r1 = T.MultiplyAdd(weight, o, r1);
            weight = T.Load(w2 + p);
            s2 = T.MultiplyAdd(weight, u, s2);
            t2 = T.MultiplyAdd(weight, v, t2);
            r2 = T.MultiplyAdd(weight, o, r2);
            weight = T.Load(w3 + p);
            s3 = T.MultiplyAdd(weight, u, s3);
            t3 = T.MultiplyAdd(weight, v, t3);
            r3 = T.MultiplyAdd(weight, o, r3);
        }

        Finish<T>(p, k, x, w0, w1, w2, w3, s0, s1, s2, s3, sums);
        Finish<T>(p, k, y, w0, w1, w2, w3, t0, t1, t2, t3, sums + Group);
        Finish<T>(p, k, z, w0, w1, w2, w3, r0, r1, r2, r3, sums + 2 * Group);
    }

    // Adds up the lanes and the last values, which fill no vector.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<T>(
        nint p, int k, float* x, float* w0, float* w1, float* w2, float* w3, T s0, T s1, T s2, T s3, float* sums)
        where T : struct, ILanes<T>
    {
        var (a, b, c, d) = (s0.Sum(), s1.Sum(), s2.Sum(), s3.Sum());
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
