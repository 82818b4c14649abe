namespace Parley.Decoding;

/// <summary>The best alignment of known symbols with frames: Viterbi over CTC's symbols with blanks between them (Graves et al. 2006, §4.1).</summary>
public static class CtcAlignment
{
    private const double None = double.NegativeInfinity;

    /// <summary>The run of frames of each symbol on the most probable path that reads as the symbols.</summary>
    /// <param name="logProbs">Log posteriors [frames, symbols].</param>
    /// <param name="symbols">Posteriors per frame.</param>
    /// <param name="ids">The symbols to align, without blanks.</param>
    /// <param name="blank">Id of the blank.</param>
    /// <returns>First frame and frame after the last, for each symbol.</returns>
    /// <exception cref="ArgumentException">The symbols do not fit the frames, or no path has a probability.</exception>
    public static IReadOnlyList<(int Start, int End)> Align(ReadOnlySpan<float> logProbs, int symbols, IReadOnlyList<int> ids, int blank)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (symbols < 1 || logProbs.Length % symbols != 0)
        {
            throw new ArgumentException($"ctc: {logProbs.Length} scores are no whole frames of {symbols} symbols");
        }

        var (frames, states) = (logProbs.Length / symbols, (2 * ids.Count) + 1);
        if (ids.Count == 0)
        {
            return [];
        }

        // State 2k is the blank before symbol k, 2k + 1 the symbol. A step goes on, or one or two states ahead.
        var (scores, next) = (new double[states], new double[states]);
        var steps = new byte[frames * states];
        for (var t = 0; t < frames; t++)
        {
            var row = logProbs.Slice(t * symbols, symbols);
            for (var s = 0; s < states; s++)
            {
                var (best, step) = t == 0 ? (s <= 1 ? 0 : None, 0) : (scores[s], 0);
                if (t > 0 && s > 0 && scores[s - 1] > best)
                {
                    (best, step) = (scores[s - 1], 1);
                }

                if (t > 0 && s > 1 && (s & 1) == 1 && ids[s / 2] != ids[(s / 2) - 1] && scores[s - 2] > best)
                {
                    (best, step) = (scores[s - 2], 2);
                }

                next[s] = best + row[(s & 1) == 1 ? ids[s / 2] : blank];
                steps[(t * states) + s] = (byte)step;
            }

            (scores, next) = (next, scores);
        }

        var state = frames > 0 && scores[states - 2] > scores[states - 1] ? states - 2 : states - 1;
        if (frames == 0 || double.IsNegativeInfinity(scores[state]))
        {
            throw new ArgumentException($"ctc: {ids.Count} symbols have no path through {frames} frames");
        }

        var runs = new (int Start, int End)[ids.Count];
        for (var t = frames - 1; t >= 0; t--)
        {
            if ((state & 1) == 1)
            {
                runs[state / 2] = (t, runs[state / 2].End == 0 ? t + 1 : runs[state / 2].End);
            }

            state -= steps[(t * states) + state];
        }

        return runs;
    }

    /// <summary>The mean log posterior of a symbol over a run of frames.</summary>
    internal static double Mean(ReadOnlySpan<float> logProbs, int symbols, int id, int start, int end)
    {
        var sum = 0.0;
        for (var t = start; t < end; t++)
        {
            sum += logProbs[(t * symbols) + id];
        }

        return sum / (end - start);
    }
}
