namespace Parley.Decoding;

/// <summary>Takes the best symbol of every frame, joins repeats and drops blanks: the most probable path (Graves et al. 2006, §3.2).</summary>
/// <param name="blank">Id of the blank.</param>
public sealed class CtcGreedyDecoder(int blank) : ICtcDecoder
{
    /// <inheritdoc/>
    public IReadOnlyList<CtcHypothesis> Decode(ReadOnlySpan<float> logits, int symbols) => [DecodeBest(logits, symbols)];

    /// <summary>The only reading of greedy decoding.</summary>
    /// <param name="logits">Unnormalised scores or log posteriors [frames, symbols] in row-major order.</param>
    /// <param name="symbols">Scores per frame.</param>
    public CtcHypothesis DecodeBest(ReadOnlySpan<float> logits, int symbols)
    {
        if (symbols < 1 || logits.Length % symbols != 0)
        {
            throw new ArgumentException($"ctc: {logits.Length} scores are no whole frames of {symbols} symbols");
        }

        if ((uint)blank >= (uint)symbols)
        {
            throw new ArgumentException($"ctc: blank {blank} is outside 0..{symbols - 1}");
        }

        var tokens = new List<CtcToken>();
        var (frames, total) = (logits.Length / symbols, 0.0);
        var (run, start, sum) = (blank, 0, 0.0);
        for (var t = 0; t < frames; t++)
        {
            var (id, logProb) = Best(logits.Slice(t * symbols, symbols));
            total += logProb;
            if (id != run)
            {
                Close(tokens, run, start, t, sum);
                (run, start, sum) = (id, t, 0);
            }

            sum += logProb;
        }

        Close(tokens, run, start, frames, sum);
        return new CtcHypothesis(tokens, total);
    }

    private void Close(List<CtcToken> tokens, int id, int start, int end, double sum)
    {
        if (id != blank && end > start)
        {
            tokens.Add(new CtcToken(id, start, end, sum / (end - start)));
        }
    }

    private static (int Id, double LogProb) Best(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best])
            {
                best = i;
            }
        }

        double sum = 0;
        foreach (var score in scores)
        {
            sum += Math.Exp(score - scores[best]);
        }

        return (best, -Math.Log(sum));
    }
}
