namespace Parley.Nn;

/// <summary>Connectionist temporal classification: −ln of the probability of all frame paths that collapse to a target (Graves et al. 2006).</summary>
/// <remarks>The forward recursion over the target with blanks between its symbols, in logarithms and double precision; §4.1 of the paper.</remarks>
public static class CtcLoss
{
    /// <summary>Loss of one utterance; infinite when no path of so many frames gives the target.</summary>
    /// <param name="logProbs">Log posteriors [frames, symbols] in row-major order.</param>
    /// <param name="symbols">Classes per frame, the blank among them.</param>
    /// <param name="target">Symbol ids without blanks.</param>
    /// <param name="blank">Id of the blank.</param>
    public static double Forward(ReadOnlySpan<float> logProbs, int symbols, ReadOnlySpan<int> target, int blank)
    {
        Check(logProbs.Length, symbols, target, blank);
        var frames = logProbs.Length / symbols;
        if (frames == 0)
        {
            return target.Length == 0 ? 0 : double.PositiveInfinity;
        }

        // States: blank, t0, blank, t1, …, blank.
        var states = (2 * target.Length) + 1;
        var alpha = new double[states];
        var next = new double[states];
        Array.Fill(alpha, double.NegativeInfinity);
        alpha[0] = logProbs[blank];
        if (states > 1)
        {
            alpha[1] = logProbs[target[0]];
        }

        for (var t = 1; t < frames; t++)
        {
            var row = logProbs.Slice(t * symbols, symbols);
            for (var s = 0; s < states; s++)
            {
                var symbol = s % 2 == 0 ? blank : target[s / 2];
                var sum = alpha[s];
                if (s > 0)
                {
                    sum = LogAdd(sum, alpha[s - 1]);
                }

                // The blank between two different symbols may be skipped.
                if (s > 1 && s % 2 == 1 && symbol != target[(s / 2) - 1])
                {
                    sum = LogAdd(sum, alpha[s - 2]);
                }

                next[s] = sum + row[symbol];
            }

            (alpha, next) = (next, alpha);
        }

        return -(states > 1 ? LogAdd(alpha[^1], alpha[^2]) : alpha[0]);
    }

    /// <summary>One number for a batch.</summary>
    /// <param name="losses">Loss of each utterance.</param>
    /// <param name="targetLengths">Symbols of each target.</param>
    /// <param name="reduction">Sum or mean.</param>
    /// <param name="zeroInfinity">Count impossible utterances as 0.</param>
    public static double Reduce(ReadOnlySpan<double> losses, ReadOnlySpan<int> targetLengths, CtcReduction reduction, bool zeroInfinity = false)
    {
        if (losses.Length != targetLengths.Length)
        {
            throw new ArgumentException($"ctc: {losses.Length} losses for {targetLengths.Length} targets");
        }

        double sum = 0;
        for (var i = 0; i < losses.Length; i++)
        {
            var loss = zeroInfinity && double.IsPositiveInfinity(losses[i]) ? 0 : losses[i];
            sum += reduction == CtcReduction.Mean ? loss / Math.Max(targetLengths[i], 1) : loss;
        }

        return reduction == CtcReduction.Mean ? sum / Math.Max(losses.Length, 1) : sum;
    }

    private static double LogAdd(double a, double b)
    {
        var (high, low) = a > b ? (a, b) : (b, a);
        return double.IsNegativeInfinity(low) ? high : high + Math.Log(1 + Math.Exp(low - high));
    }

    private static void Check(int values, int symbols, ReadOnlySpan<int> target, int blank)
    {
        if (symbols < 1 || values % symbols != 0)
        {
            throw new ArgumentException($"ctc: {values} log probabilities are no whole frames of {symbols} symbols");
        }

        if ((uint)blank >= (uint)symbols)
        {
            throw new ArgumentException($"ctc: blank {blank} is outside 0..{symbols - 1}");
        }

        foreach (var id in target)
        {
            if ((uint)id >= (uint)symbols || id == blank)
            {
                throw new ArgumentException($"ctc: target symbol {id} is the blank or outside 0..{symbols - 1}");
            }
        }
    }
}
