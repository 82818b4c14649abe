using System.Text;

namespace Parley.Text;

/// <summary>Whisper's tokenizer: byte-level BPE with languages, tasks and timestamps as tokens.</summary>
/// <remarks>Radford et al. 2022 (arXiv 2212.04356), section 2.3; behaviour of openai/whisper whisper/tokenizer.py at v20250625.</remarks>
public sealed partial class WhisperTokenizer : ITokenizer
{
    /// <summary>Time between neighbouring timestamp tokens.</summary>
    public static readonly TimeSpan TimestampStep = TimeSpan.FromMilliseconds(20);

    private readonly BpeTokenizer _bpe;
    private readonly Dictionary<string, int> _languages = new(StringComparer.Ordinal);
    private readonly Lazy<IReadOnlyList<int>> _nonSpeech;

    private WhisperTokenizer(string where, BpeTokenizer bpe)
    {
        _bpe = bpe;
        int Required(string token, string? alias = null) => bpe.Find(token) ?? (alias is null ? null : bpe.Find(alias))
            ?? throw new InvalidDataException($"{where}: no token {token}; this is not the tokenizer of a Whisper model");

        Eot = Required("<|endoftext|>");
        Sot = Required("<|startoftranscript|>");
        Translate = Required("<|translate|>");
        Transcribe = Required("<|transcribe|>");
        StartOfLm = Required("<|startoflm|>");
        StartOfPrev = Required("<|startofprev|>");
        NoSpeech = Required("<|nospeech|>", "<|nocaptions|>");
        NoTimestamps = Required("<|notimestamps|>");
        TimestampBegin = Required("<|0.00|>");
        foreach (var (code, _) in WhisperLanguages.All)
        {
            if (bpe.Find($"<|{code}|>") is { } id)
            {
                _languages[code] = id;
            }
        }

        LanguageTokens = [.. _languages.Values];
        _nonSpeech = new Lazy<IReadOnlyList<int>>(FindNonSpeech);
    }

    /// <inheritdoc/>
    public int VocabSize => _bpe.VocabSize;

    /// <summary>End of text.</summary>
    public int Eot { get; }

    /// <summary>Start of transcript.</summary>
    public int Sot { get; }

    /// <summary>The task of writing down what is said.</summary>
    public int Transcribe { get; }

    /// <summary>The task of writing down in English what is said.</summary>
    public int Translate { get; }

    /// <summary>Start of language model, a task that was never released.</summary>
    public int StartOfLm { get; }

    /// <summary>Start of the text of the previous window.</summary>
    public int StartOfPrev { get; }

    /// <summary>Nothing is said in the window.</summary>
    public int NoSpeech { get; }

    /// <summary>No timestamps are wanted.</summary>
    public int NoTimestamps { get; }

    /// <summary>The timestamp 0.00; later ones follow it, <see cref="TimestampStep"/> apart.</summary>
    public int TimestampBegin { get; }

    /// <summary>The tokens of all languages, in the order of <see cref="WhisperLanguages.All"/>.</summary>
    public IReadOnlyList<int> LanguageTokens { get; }

    /// <summary>The codes of all languages, in the order of <see cref="LanguageTokens"/>.</summary>
    public IEnumerable<string> LanguageCodes => _languages.Keys;

    /// <summary>Tokens that annotate sound rather than spell speech, ascending: what "-1" in a suppress list stands for.</summary>
    public IReadOnlyList<int> NonSpeechTokens => _nonSpeech.Value;

    /// <summary>The token of a language given by code, English name or alias.</summary>
    public int LanguageToken(string language) =>
        _languages.TryGetValue(WhisperLanguages.Code(language), out var id)
            ? id
            : throw new ArgumentException($"this model has no token for the language '{language}'", nameof(language));

    /// <summary>The code of a language token, or null if it is none.</summary>
    public string? LanguageOf(int token) => _languages.FirstOrDefault(l => l.Value == token).Key;

    /// <summary>The prompt that starts a transcript; without language and task for English-only models.</summary>
    public IReadOnlyList<int> StartSequence(string? language, WhisperTask? task, bool timestamps)
    {
        List<int> ids = [Sot];
        if (language is not null)
        {
            ids.Add(LanguageToken(language));
        }

        if (task is { } wanted)
        {
            ids.Add(wanted == WhisperTask.Translate ? Translate : Transcribe);
        }

        if (!timestamps)
        {
            ids.Add(NoTimestamps);
        }

        return ids;
    }

    /// <summary>The time of a timestamp token, from the start of its window, or null if it is none.</summary>
    public TimeSpan? Timestamp(int token) => token >= TimestampBegin ? (token - TimestampBegin) * TimestampStep : null;

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string text, SpecialTokens special = SpecialTokens.Recognise) => _bpe.Encode(text, special);

    /// <summary>Text of some ids without timestamps; with <paramref name="skipSpecial"/> also without the previous text in front of the transcript.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        if (skipSpecial && ids.IndexOf(StartOfPrev) == 0)
        {
            var start = ids.IndexOf(Sot);
            ids = start < 0 ? [] : ids[start..];
        }

        var kept = new List<int>(ids.Length);
        foreach (var id in ids)
        {
            if (id < TimestampBegin)
            {
                kept.Add(id);
            }
        }

        return _bpe.Decode(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(kept), skipSpecial);
    }

    /// <summary>Text of some ids with timestamps written as &lt;|1.08|&gt;.</summary>
    public string DecodeWithTimestamps(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        var text = new StringBuilder();
        var from = 0;
        for (var i = 0; i <= ids.Length; i++)
        {
            if (i == ids.Length || ids[i] >= TimestampBegin)
            {
                text.Append(_bpe.Decode(ids[from..i], skipSpecial));
                text.Append(i < ids.Length ? WhisperVocabulary.Time(ids[i] - TimestampBegin) : "");
                from = i + 1;
            }
        }

        return text.ToString();
    }

    /// <summary>The pieces of text between pairs of timestamps, with their times; none without at least two timestamps.</summary>
    /// <remarks>huggingface/transformers src/transformers/models/whisper/tokenization_whisper.py, _compute_offsets, at 4.47.</remarks>
    public IReadOnlyList<TimedText> DecodeOffsets(ReadOnlySpan<int> ids)
    {
        List<int> times = [];
        for (var i = 0; i < ids.Length; i++)
        {
            if (ids[i] >= TimestampBegin)
            {
                times.Add(i);
            }
        }

        // A piece ends between two neighbouring timestamps, and at the last timestamp.
        List<int> ends = [.. times.Skip(1).Where((at, i) => at == times[i] + 1)];
        if (times.Count == 0 || (ends.Count == 0 && times.Count <= 1))
        {
            return [];
        }

        if (!ends.Contains(times[^1] + 1))
        {
            ends.Add(times[^1] + 1);
        }

        List<TimedText> pieces = [];
        var from = times[0];
        foreach (var end in ends)
        {
            if (end - from > 1)
            {
                var piece = ids[from..end];
                pieces.Add(new TimedText(
                    Decode(piece), (piece[0] - TimestampBegin) * TimestampStep, (piece[^1] - TimestampBegin) * TimestampStep));
            }

            from = end;
        }

        return pieces;
    }

    /// <inheritdoc/>
    public StreamingDecoder Stream(bool skipSpecial = false) => _bpe.Stream(skipSpecial);

    /// <inheritdoc/>
    public int? Find(string token) => _bpe.Find(token);

    /// <inheritdoc/>
    public bool IsSpecial(int id) => _bpe.IsSpecial(id) || id >= TimestampBegin;

    /// <summary>Groups ids into words: at spaces and punctuation, or by character for languages written without spaces.</summary>
    public IReadOnlyList<WordTokens> SplitToWordTokens(ReadOnlySpan<int> ids, string? language)
    {
        var characters = SplitOnUnicode(ids);
        return language is "zh" or "ja" or "th" or "lo" or "my" or "yue" ? characters : JoinAtSpaces(characters);
    }

    // The smallest runs of tokens that end at the end of a character. A U+FFFD that the text itself holds there counts as whole.
    private List<WordTokens> SplitOnUnicode(ReadOnlySpan<int> ids)
    {
        const char Broken = '\uFFFD';
        var full = DecodeWithTimestamps(ids);
        List<WordTokens> words = [];
        var (from, offset) = (0, 0);
        for (var end = 1; end <= ids.Length; end++)
        {
            var text = DecodeWithTimestamps(ids[from..end]);
            var broken = text.IndexOf(Broken, StringComparison.Ordinal);
            if (broken < 0 || (offset + broken < full.Length && full[offset + broken] == Broken))
            {
                words.Add(new WordTokens(text, ids[from..end].ToArray()));
                (from, offset) = (end, offset + text.Length);
            }
        }

        return words;
    }

    private List<WordTokens> JoinAtSpaces(List<WordTokens> pieces)
    {
        const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
        List<WordTokens> words = [];
        foreach (var piece in pieces)
        {
            var alone = piece.Tokens[0] >= Eot || piece.Word.StartsWith(' ')
                || Punctuation.Contains(piece.Word.Trim(), StringComparison.Ordinal) || words.Count == 0;
            if (alone)
            {
                words.Add(piece);
            }
            else
            {
                words[^1] = new WordTokens(words[^1].Word + piece.Word, [.. words[^1].Tokens, .. piece.Tokens]);
            }
        }

        return words;
    }

    private int[] FindNonSpeech()
    {
        string[] signs = [.. "\"#()*+/:;<=>@[\\]^_`{|}~「」『』".Select(c => c.ToString())];
        string[] groups = ["<<", ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", "(\"", "((", "))", "(((", ")))", "[[", "]]", "{{", "}}", "♪♪", "♪♪♪"];
        string[] notes = ["♩", "♪", "♫", "♬", "♭", "♮", "♯"];

        // A dash or an apostrophe may stand inside a word but not begin one.
        SortedSet<int> ids = [Encode(" -")[0], Encode(" '")[0]];
        foreach (var sign in (string[])[.. signs, .. groups, .. notes])
        {
            foreach (var text in (string[])[sign, " " + sign])
            {
                // Notes count by their first token even where they take several: no speech shares it.
                if (Encode(text, SpecialTokens.AsText) is var tokens && (tokens.Count == 1 || notes.Contains(sign)))
                {
                    ids.Add(tokens[0]);
                }
            }
        }

        return [.. ids];
    }
}
