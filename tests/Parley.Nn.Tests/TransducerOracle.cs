namespace Parley.Nn.Tests;

/// <summary>A transducer's loss of one utterance by its definition, in double: every path, or the same sum from the end to the beginning.</summary>
/// <param name="frames">Frames.</param>
/// <param name="target">Symbols.</param>
/// <param name="positions">Positions in the scores, padding included.</param>
/// <param name="symbols">Scores at each position.</param>
/// <param name="labels">How many of them are symbols; the rest are durations.</param>
/// <param name="sigma">Taken off the log probability of each symbol.</param>
/// <param name="arcs">Frames, id of the blank or −1 for the next symbol, index of the duration or −1.</param>
internal sealed class TransducerOracle(int frames, int[] target, int positions, int symbols, int labels, double sigma, (int Frames, int Blank, int Duration)[] arcs)
{
    /// <summary>By walking along every path.</summary>
    internal double AllPaths(double[] x)
    {
        return -Math.Log(From(0, 0));

        double From(int t, int u) => t == frames
            ? u == target.Length ? 1 : 0
            : Ways(t, u).Sum(way => Math.Exp(Score(x, t, u, way)) * From(t + way.Frames, u + (way.Blank < 0 ? 1 : 0)));
    }

    /// <summary>By adding up from the end.</summary>
    internal double Sum(double[] x)
    {
        var beta = new double[frames + 1, target.Length + 1];
        for (var t = frames; t >= 0; t--)
        {
            for (var u = target.Length; u >= 0; u--)
            {
                if (t == frames)
                {
                    beta[t, u] = u == target.Length ? 0 : double.NegativeInfinity;
                    continue;
                }

                double[] ways = [.. Ways(t, u).Select(w => Score(x, t, u, w) + beta[t + w.Frames, u + (w.Blank < 0 ? 1 : 0)]), double.NegativeInfinity];
                var top = ways.Max();
                beta[t, u] = double.IsNegativeInfinity(top) ? top : top + Math.Log(ways.Sum(w => Math.Exp(w - top)));
            }
        }

        return -beta[0, 0];
    }

    /// <summary>The derivative of <see cref="Sum"/> by differences.</summary>
    internal double Derivative(double[] x, int at)
    {
        const double Step = 1e-4;
        var moved = (double[])x.Clone();
        moved[at] = x[at] + Step;
        var up = Sum(moved);
        moved[at] = x[at] - Step;
        return (up - Sum(moved)) / (2 * Step);
    }

    // A symbol cannot be the last step: only a blank reaches the end.
    private IEnumerable<(int Frames, int Blank, int Duration)> Ways(int t, int u) => arcs.Where(a =>
        a.Blank < 0 ? u < target.Length && t + a.Frames < frames : t + a.Frames <= frames);

    private double Score(double[] x, int t, int u, (int Frames, int Blank, int Duration) way)
    {
        var row = x.AsSpan(((t * positions) + u) * symbols, symbols);
        var score = LogSoftmax(row[..labels], way.Blank < 0 ? target[u] : way.Blank) - sigma;
        return way.Duration < 0 ? score : score + LogSoftmax(row[labels..], way.Duration);
    }

    private static double LogSoftmax(ReadOnlySpan<double> row, int at)
    {
        var sum = 0.0;
        foreach (var value in row)
        {
            sum += Math.Exp(value);
        }

        return row[at] - Math.Log(sum);
    }
}
