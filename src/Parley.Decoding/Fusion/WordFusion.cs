namespace Parley.Decoding;

/// <summary>Scores what symbols say: words by the language model when they end, and hotwords as they grow. Nothing is spelt while searching.</summary>
internal sealed class WordFusion
{
    private static readonly double s_ln10 = Math.Log(10);

    private readonly SymbolTexts _texts;
    private readonly FusionOptions _options;
    private readonly WordTrie? _trie;
    private readonly HotwordStates? _hot;

    public WordFusion(SymbolTexts texts, FusionOptions options)
    {
        (_texts, _options) = (texts, options);
        _trie = Trie(texts, options);
        _hot = options.Hotwords is { Count: > 0 } hotwords ? new HotwordStates(hotwords, texts) : null;
        Start = new FusionState(options.LanguageModel?.BeginState ?? 0, WordTrie.NoWord, _hot?.Start ?? 0);
    }

    /// <summary>Words of the language model or the lexicon; null when any letters will do.</summary>
    public static WordTrie? Trie(SymbolTexts texts, FusionOptions options)
    {
        var (model, lexicon) = (options.LanguageModel, options.Lexicon);
        if (model is null && lexicon is null)
        {
            return null;
        }

        // A recogniser that writes one case only cannot tell "May" from "may": its words are looked up whatever the case, and the likelier one counts.
        var letters = texts.Letters.SelectMany(l => l).ToArray();
        var trie = new WordTrie(ignoreCase: !letters.Any(char.IsLower) || !letters.Any(char.IsUpper));
        bool IsLikelier(int a, int b) => model is not null && model.Score(NGramModel.EmptyState, a, out _) > model.Score(NGramModel.EmptyState, b, out _);
        var hotwords = (options.Hotwords ?? []).SelectMany(h => h.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (lexicon is null)
        {
            foreach (var word in options.UnknownPenalty > 0 ? hotwords : [])
            {
                trie.Add(word, model!.Id(word), IsLikelier);
            }

            for (var id = 0; id < model!.WordCount; id++)
            {
                if (id != model.Unknown && id != model.Begin && id != model.End)
                {
                    trie.Add(model.Word(id), id, IsLikelier);
                }
            }

            return trie;
        }

        foreach (var word in lexicon.Concat(hotwords))
        {
            trie.Add(word, model?.Id(word) ?? 0, IsLikelier);
        }

        return trie;
    }

    /// <summary>Before the first symbol.</summary>
    public FusionState Start { get; }

    /// <summary>Whether symbols may be forbidden.</summary>
    public bool HasLexicon => _options.Lexicon is not null;

    /// <summary>What hotwords do with each symbol; null when there are none.</summary>
    public HotwordStates.Row? Hotwords(in FusionState state) => _hot?.After(state.Hot);

    /// <summary>What the end of the open word adds; 0 when none is open, −∞ when the lexicon has no such word.</summary>
    public double EndWord(in FusionState state, out int lm)
    {
        lm = state.Lm;
        if (state.Letters == WordTrie.NoWord)
        {
            return 0;
        }

        var word = _trie?.Word(state.Letters) ?? -1;
        if (word < 0 && HasLexicon)
        {
            return double.NegativeInfinity;
        }

        var penalty = word < 0 && state.Letters != WordTrie.Nowhere ? Penalty : 0;
        return _options.WordBonus - penalty + (_options.LanguageModel is { } model ? _options.LmWeight * s_ln10 * model.Score(state.Lm, word < 0 ? model.Unknown : word, out lm) : 0);
    }

    /// <summary>What a symbol costs because no known word begins so any more.</summary>
    public double Leaving(in FusionState state, int symbol) =>
        Penalty > 0 && _texts.Letters[symbol].Length > 0 && (_texts.BeginsWord[symbol] || state.Letters != WordTrie.Nowhere) && Letters(state, symbol) == WordTrie.Nowhere ? Penalty : 0;

    private double Penalty => _options.LanguageModel is null || HasLexicon ? 0 : _options.UnknownPenalty;

    /// <summary>Whether the lexicon lets a symbol follow.</summary>
    public bool Allows(in FusionState state, int symbol) =>
        !HasLexicon || _texts.Letters[symbol].Length == 0 || Letters(state, symbol) != WordTrie.Nowhere;

    /// <summary>The state after a symbol.</summary>
    /// <param name="state">Before it.</param>
    /// <param name="symbol">The symbol.</param>
    /// <param name="lm">State of the language model if the symbol ends a word, from <see cref="EndWord"/>.</param>
    public FusionState Next(in FusionState state, int symbol, int lm) =>
        new(_texts.BeginsWord[symbol] ? lm : state.Lm, Letters(state, symbol), _hot is null ? 0 : _hot.After(state.Hot).Next[symbol]);

    /// <summary>What a symbol adds, and the state after it.</summary>
    public double Extend(in FusionState state, int symbol, out FusionState next)
    {
        var lm = state.Lm;
        var sum = _texts.BeginsWord[symbol] ? EndWord(state, out lm) : 0;
        sum += Hotwords(state)?.Bonuses[symbol] ?? 0;
        sum = Allows(state, symbol) ? sum - Leaving(state, symbol) : double.NegativeInfinity;
        next = Next(state, symbol, lm);
        return sum;
    }

    /// <summary>What the end of the reading adds: its last word, the end of the sentence, hotwords.</summary>
    public double Finish(in FusionState state)
    {
        var sum = EndWord(state, out var lm) + (_hot?.Finish(state.Hot) ?? 0);
        return _options.LanguageModel is { } model ? sum + (_options.LmWeight * s_ln10 * model.Score(lm, model.End, out _)) : sum;
    }

    private int Letters(in FusionState state, int symbol)
    {
        var from = _texts.BeginsWord[symbol] ? WordTrie.NoWord : state.Letters;
        return _texts.Letters[symbol] is not { Length: > 0 } letters ? from : _trie?.Next(from, letters) ?? WordTrie.Nowhere;
    }
}
