using System.Numerics.Tensors;
using Parley.Tensors;

namespace Parley.Decoding;

/// <summary>Sums and maxima of scores.</summary>
public static class LogMath
{
    private const int Chunk = 256;

    /// <summary>ln Σ exp x; −∞ when all are.</summary>
    public static float LogSumExp(ReadOnlySpan<float> scores)
    {
        if (scores.IsEmpty)
        {
            return float.NegativeInfinity;
        }

        var max = TensorPrimitives.Max(scores);
        if (float.IsNegativeInfinity(max))
        {
            return max;
        }

        return max + (float)Math.Log(ExpSum.Of(scores, max));
    }

    /// <summary>ln(exp a + exp b).</summary>
    public static double Add(double a, double b)
    {
        var (high, low) = a > b ? (a, b) : (b, a);
        return double.IsNegativeInfinity(low) ? high : high + Math.Log(1 + Math.Exp(low - high));
    }

    /// <summary>Scores less their <see cref="LogSumExp"/>: log probabilities.</summary>
    internal static void Normalise(ReadOnlySpan<float> scores, Span<float> logProbs)
    {
        ThrowIfUnusable(scores);
        TensorPrimitives.Subtract(scores, LogSumExp(scores), logProbs);
    }

    /// <summary>The <paramref name="count"/> largest scores with their places, largest first; of equals the earlier comes first.</summary>
    public static (int Index, float Score)[] Top(ReadOnlySpan<float> scores, int count)
    {
        var top = new List<(int Index, float Score)>(count + 1);
        for (var start = 0; start < scores.Length; start += Chunk)
        {
            var part = scores.Slice(start, Math.Min(Chunk, scores.Length - start));
            if (top.Count == count && !(TensorPrimitives.Max(part) > top[^1].Score))
            {
                continue;
            }

            for (var i = 0; i < part.Length; i++)
            {
                if (top.Count == count && !(part[i] > top[^1].Score))
                {
                    continue;
                }

                var place = top.Count;
                while (place > 0 && part[i] > top[place - 1].Score)
                {
                    place--;
                }

                top.Insert(place, (start + i, part[i]));
                if (top.Count > count)
                {
                    top.RemoveAt(count);
                }
            }
        }

        return [.. top];
    }

    /// <summary>Throws when a model's scores cannot be searched: a NaN, or nothing above −∞.</summary>
    public static void ThrowIfUnusable(ReadOnlySpan<float> logits)
    {
        var max = TensorPrimitives.Max(logits);
        if (float.IsNaN(max))
        {
            throw new InvalidDataException("the model's scores are not numbers (NaN); its weights are damaged, or do not belong to this configuration");
        }
    }
}
