namespace Parley.Decoding;

/// <summary>Beam search of a transducer in steps of alignment length, where every reading has taken as many symbols and blanks as the others.</summary>
/// <remarks>
/// Saon, Tüske and Audhkhasi 2020, "Alignment-length synchronous decoding for RNN transducer", with the probabilities of equal readings added. With a
/// beam that holds every reading the result is exact. One instance serves any number of threads.
/// </remarks>
public sealed class TransducerBeamDecoder
{
    private readonly SymbolTexts _texts;
    private readonly WordFusion _fusion;
    private readonly TransducerDecodeOptions _options;

    /// <summary>Makes a decoder; with a language model or a lexicon its words are sorted once, here.</summary>
    /// <param name="texts">What the symbols spell; the blank's text is not used.</param>
    /// <param name="options">Null: the defaults.</param>
    public TransducerBeamDecoder(SymbolTexts texts, TransducerDecodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        (_texts, _options) = (texts, options ?? new TransducerDecodeOptions());
        _options.Validate();
        _fusion = new WordFusion(texts, _options.Fusion ?? new FusionOptions());
    }

    /// <summary>Decodes an utterance.</summary>
    /// <param name="model">The utterance, without durations; its states are given back.</param>
    /// <param name="cancel">Stops between steps.</param>
    /// <returns>At least one reading, each symbol in its frame on the reading's best alignment that the beam has seen; words carry their posterior mass.</returns>
    public IReadOnlyList<CtcHypothesis> Decode(ITransducerModel model, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.SymbolCount != _texts.Count)
        {
            throw new ArgumentException($"transducer: the model has {model.SymbolCount} symbols, texts are given for {_texts.Count}");
        }

        if (model.Durations.Count > 0)
        {
            throw new ArgumentException("transducer: models with durations are decoded greedily only");
        }

        var ends = new TransducerBeam(_fusion, _texts, _options, model).Run(cancel);
        var spelled = ends.Take(WordPosterior.MostReadings).Select(e => (_texts.Words([.. e.Tokens.Select(t => t.Id)]), e.Score)).ToArray();
        var best = ends.Take(_options.Readings).ToArray();
        for (var i = 0; i < best.Length; i++)
        {
            WordPosterior.Set(best[i].Tokens, _texts.Words([.. best[i].Tokens.Select(t => t.Id)]), spelled);
        }

        return [.. best.Select(b => new CtcHypothesis(b.Tokens, b.Score))];
    }
}
