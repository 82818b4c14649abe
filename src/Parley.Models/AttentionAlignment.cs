using Parley.Decoding;

namespace Parley.Models;

/// <summary>From the attention of a decoder's heads to the audio step at which each token begins.</summary>
internal static class AttentionAlignment
{
    /// <summary>Smoothed cost [tokens, steps], low where the heads look.</summary>
    /// <param name="heads">Attention weights [tokens, time] of each head.</param>
    /// <param name="tokens">Rows.</param>
    /// <param name="time">Columns.</param>
    /// <param name="steps">Columns that hold the recording; the rest is left out.</param>
    /// <param name="filterWidth">Of the median filter along time.</param>
    /// <param name="renormalise">Let the weights of each token sum to 1 over the recording, as openai/whisper does by cutting the scores.</param>
    public static float[] Cost(IReadOnlyList<ReadOnlyMemory<float>> heads, int tokens, int time, int steps, int filterWidth, bool renormalise)
    {
        var cost = new float[tokens * steps];
        foreach (var head in heads)
        {
            var weights = Cut(head.Span, tokens, time, steps, renormalise);
            Standardise(weights, tokens, steps);
            for (var token = 0; token < tokens; token++)
            {
                var row = weights.AsSpan(token * steps, steps);
                MedianFilter.Apply(row, filterWidth);
                for (var t = 0; t < steps; t++)
                {
                    cost[(token * steps) + t] -= row[t] / heads.Count;
                }
            }
        }

        return cost;
    }

    /// <summary>The step at which the cheapest path first reaches each row.</summary>
    public static int[] Starts(ReadOnlySpan<float> cost, int rows, int steps)
    {
        var (path, columns) = DynamicTimeWarping.Align(cost, rows, steps);
        var starts = new int[rows];
        for (var i = path.Length - 1; i >= 0; i--)
        {
            starts[path[i]] = columns[i];
        }

        return starts;
    }

    private static float[] Cut(ReadOnlySpan<float> head, int tokens, int time, int steps, bool renormalise)
    {
        var weights = new float[tokens * steps];
        for (var token = 0; token < tokens; token++)
        {
            var row = head.Slice(token * time, steps);
            var sum = 0.0;
            for (var t = 0; t < steps && renormalise; t++)
            {
                sum += row[t];
            }

            var scale = renormalise ? 1 / Math.Max(sum, 1e-30) : 1;
            for (var t = 0; t < steps; t++)
            {
                weights[(token * steps) + t] = (float)(row[t] * scale);
            }
        }

        return weights;
    }

    /// <summary>Each step with mean 0 and variance 1 over the tokens.</summary>
    private static void Standardise(float[] weights, int tokens, int steps)
    {
        for (var t = 0; t < steps; t++)
        {
            var (sum, squares) = (0.0, 0.0);
            for (var token = 0; token < tokens; token++)
            {
                sum += weights[(token * steps) + t];
            }

            var mean = sum / tokens;
            for (var token = 0; token < tokens; token++)
            {
                var off = weights[(token * steps) + t] - mean;
                squares += off * off;
            }

            var deviation = Math.Sqrt(squares / tokens);
            for (var token = 0; token < tokens; token++)
            {
                ref var weight = ref weights[(token * steps) + t];
                weight = deviation > 0 ? (float)((weight - mean) / deviation) : 0;
            }
        }
    }
}
