using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Sums of exponentials, as the normaliser of a row of scores needs one.</summary>
internal static unsafe class ExpSum
{
    private const int Piece = 256;

    /// <summary>Σ e^(x − top) for x ≤ top; −∞ adds nothing. Pieces are added up in double precision.</summary>
    internal static double Of(ReadOnlySpan<float> x, float top)
    {
        fixed (float* first = x)
        {
            return Vector512.IsHardwareAccelerated ? Of<Lanes512>(first, x.Length, top)
                : Vector256.IsHardwareAccelerated ? Of<Lanes256>(first, x.Length, top)
                : Of<Lanes128>(first, x.Length, top);
        }
    }

    private static double Of<T>(float* x, int count, float top)
        where T : struct, ILanes<T>
    {
        var (total, from, i) = (0.0, T.Of(top), 0);
        while (i + T.Count <= count)
        {
            T sum = default;
            for (var end = Math.Min(i + Piece, count); i + T.Count <= end; i += T.Count)
            {
                sum += VectorMath.ExpNonPositive(T.Load(x + i) - from);
            }

            total += sum.Sum();
        }

        for (; i < count; i++)
        {
            total += MathF.Exp(x[i] - top);
        }

        return total;
    }
}
