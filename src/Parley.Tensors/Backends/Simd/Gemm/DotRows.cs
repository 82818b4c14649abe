using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Few rows times weights [out, in]: dot products along the weight rows, which are read once and in order.</summary>
internal static unsafe class DotRows
{
    /// <summary>Most rows of x that this is for.</summary>
    internal const int Most = 4;

    private const long PieceFloats = 64 << 10;

    /// <summary>c[m, n] = epilogue(a[m, k] w[n, k]ᵀ).</summary>
    internal static void Run(Workers workers, int m, int n, int k, float* a, long aRow, float* w, long wRow, float* c, long cRow, Epilogue epilogue)
    {
        var perPiece = (int)Math.Clamp(PieceFloats / k / 4 * 4, 4, Math.Max(n, 4));
        workers.Run((n + perPiece - 1) / perPiece, piece =>
        {
            var first = piece * perPiece;
            var count = Math.Min(perPiece, n - first);
            for (var i = 0; i < m; i++)
            {
                var y = c + i * cRow;
                for (var j = first; j < first + count; j++)
                {
                    var sum = Dot(a + i * aRow, w + j * wRow, k);
                    y[j] = epilogue.Accumulate ? y[j] + sum : sum;
                }
            }

            epilogue.Apply(0, first, m, count, c + first, cRow);
        });
    }

    private static float Dot(float* x, float* w, int k)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
        var p = 0;
        for (; p <= k - 32; p += 32)
        {
            s0 = Vector256.MultiplyAddEstimate(Vector256.Load(x + p), Vector256.Load(w + p), s0);
            s1 = Vector256.MultiplyAddEstimate(Vector256.Load(x + p + 8), Vector256.Load(w + p + 8), s1);
            s2 = Vector256.MultiplyAddEstimate(Vector256.Load(x + p + 16), Vector256.Load(w + p + 16), s2);
            s3 = Vector256.MultiplyAddEstimate(Vector256.Load(x + p + 24), Vector256.Load(w + p + 24), s3);
        }

        for (; p <= k - 8; p += 8)
        {
            s0 = Vector256.MultiplyAddEstimate(Vector256.Load(x + p), Vector256.Load(w + p), s0);
        }

        var sum = Vector256.Sum(s0 + s1 + (s2 + s3));
        for (; p < k; p++)
        {
            sum += x[p] * w[p];
        }

        return sum;
    }
}
