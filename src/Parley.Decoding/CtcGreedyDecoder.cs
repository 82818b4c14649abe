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

        var run = new CtcGreedyRun(blank);
        for (var start = 0; start < logits.Length; start += symbols)
        {
            run.Step(logits.Slice(start, symbols));
        }

        return run.Finish();
    }
}
