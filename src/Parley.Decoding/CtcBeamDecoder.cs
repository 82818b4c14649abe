namespace Parley.Decoding;

/// <summary>Keeps the best readings side by side, each with the probability of all its alignments: CTC prefix beam search.</summary>
/// <remarks>
/// Hannun et al. 2014, "First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs", algorithm 1, in logarithms.
/// With a beam that holds every reading the result is exact. One instance serves any number of threads.
/// </remarks>
public sealed class CtcBeamDecoder : ICtcDecoder
{
    private readonly SymbolTexts _texts;
    private readonly WordFusion _fusion;
    private readonly CtcDecodeOptions _options;
    private readonly int _blank;

    /// <summary>Makes a decoder; with a language model or a lexicon its words are sorted once, here.</summary>
    /// <param name="texts">What the symbols spell.</param>
    /// <param name="blank">Id of the blank.</param>
    /// <param name="options">Null: the defaults.</param>
    public CtcBeamDecoder(SymbolTexts texts, int blank, CtcDecodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        (_texts, _blank, _options) = (texts, blank, options ?? new CtcDecodeOptions());
        _options.Validate();
        if ((uint)blank >= (uint)texts.Count)
        {
            throw new ArgumentException($"ctc: blank {blank} is outside 0..{texts.Count - 1}");
        }

        _fusion = new WordFusion(texts, _options.Fusion ?? new FusionOptions());
    }

    /// <inheritdoc/>
    /// <remarks>The symbols of a word carry its posterior mass; with a lexicon a reading may end within a word only when none ends with one.</remarks>
    public IReadOnlyList<CtcHypothesis> Decode(ReadOnlySpan<float> logits, int symbols)
    {
        if (symbols != _texts.Count || logits.Length % symbols != 0)
        {
            throw new ArgumentException($"ctc: {logits.Length} scores are no whole frames of {_texts.Count} symbols");
        }

        var logProbs = Normalised(logits, symbols);
        var search = new CtcBeam(_fusion, _texts, _blank, _options);
        for (var start = 0; start < logProbs.Length; start += symbols)
        {
            search.Step(logProbs.AsSpan(start, symbols));
        }

        return Readings(search.Finish(), logProbs, _texts, _blank, _options.Readings);
    }

    /// <summary>The best readings with the place and the probability of each symbol.</summary>
    internal static CtcHypothesis[] Readings((int[] Symbols, double Score)[] ends, ReadOnlySpan<float> logProbs, SymbolTexts texts, int blank, int most)
    {
        var spelled = ends.Take(WordPosterior.MostReadings).Select(e => (texts.Words(e.Symbols), e.Score)).ToArray();
        var best = ends.Take(most).ToArray();
        var result = new CtcHypothesis[best.Length];
        for (var i = 0; i < best.Length; i++)
        {
            var ids = best[i].Symbols;
            var runs = CtcAlignment.Align(logProbs, texts.Count, ids, blank);
            var tokens = new CtcToken[ids.Length];
            for (var k = 0; k < ids.Length; k++)
            {
                tokens[k] = new CtcToken(ids[k], runs[k].Start, runs[k].End, CtcAlignment.Mean(logProbs, texts.Count, ids[k], runs[k].Start, runs[k].End));
            }

            WordPosterior.Set(tokens, texts.Words(ids), spelled);
            result[i] = new CtcHypothesis(tokens, best[i].Score);
        }

        return result;
    }

    private static float[] Normalised(ReadOnlySpan<float> logits, int symbols)
    {
        var result = new float[logits.Length];
        for (var start = 0; start < logits.Length; start += symbols)
        {
            LogMath.Normalise(logits.Slice(start, symbols), result.AsSpan(start, symbols));
        }

        return result;
    }
}
