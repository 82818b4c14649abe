using System.Text;

namespace Parley.Text;

/// <summary>The characters of a CTC model: blank, word delimiter, letters.</summary>
/// <remarks>Graves et al. 2006, section 3; huggingface/transformers src/transformers/models/wav2vec2/tokenization_wav2vec2.py at 4.47.</remarks>
public sealed class CtcVocabulary
{
    private static readonly string[] SettingFiles = ["special_tokens_map.json", "tokenizer_config.json"];

    private readonly string[] _tokens;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly HashSet<int> _special = [];
    private readonly string _delimiter;
    private readonly bool _lowerCase;
    private readonly int? _unknown;

    /// <summary>Names the characters.</summary>
    /// <param name="tokens">The character of each id.</param>
    /// <param name="settings">Which of them mean something else; null: the usual ones.</param>
    public CtcVocabulary(IReadOnlyList<string> tokens, CtcVocabularySettings? settings = null)
        : this("ctc vocabulary", [.. tokens], settings ?? new CtcVocabularySettings())
    {
    }

    private CtcVocabulary(string where, string[] tokens, CtcVocabularySettings settings)
    {
        (_tokens, _delimiter, _lowerCase) = (tokens, settings.Delimiter, settings.LowerCase);
        for (var id = 0; id < tokens.Length; id++)
        {
            _ids.TryAdd(tokens[id], id);
        }

        Blank = _ids.TryGetValue(settings.Pad, out var blank) ? blank : throw new InvalidDataException($"{where}: no blank token '{settings.Pad}'");
        _unknown = _ids.TryGetValue(settings.Unknown, out var other) ? other : null;
        foreach (var token in new[] { settings.Pad, settings.Unknown, settings.Begin, settings.End })
        {
            if (_ids.TryGetValue(token, out var id))
            {
                _special.Add(id);
            }
        }
    }

    /// <summary>One more than the highest id.</summary>
    public int Size => _tokens.Length;

    /// <summary>The CTC blank, which is the padding token.</summary>
    public int Blank { get; }

    /// <summary>Opens the <c>vocab.json</c> of a folder, with the settings of <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> beside it.</summary>
    public static CtcVocabulary Load(string folder)
    {
        var settings = new CtcVocabularySettings();
        foreach (var path in SettingFiles.Select(n => Path.Combine(folder, n)).Where(File.Exists))
        {
            using var json = JsonText.Open(path);
            string? Token(string name) => json.RootElement.Member(path, name) is not { } value ? null
                : value.ValueKind == System.Text.Json.JsonValueKind.Object ? value.Text(path, "content") : JsonText.AsText(value, $"{path}: '{name}'");
            settings = new CtcVocabularySettings(
                Token("word_delimiter_token") ?? settings.Delimiter, Token("pad_token") ?? settings.Pad, Token("unk_token") ?? settings.Unknown,
                Token("bos_token") ?? settings.Begin, Token("eos_token") ?? settings.End, json.RootElement.Flag(path, "do_lower_case", settings.LowerCase));
        }

        var vocab = Path.Combine(folder, "vocab.json");
        var tokens = VocabularyJson.Load(vocab);
        return new CtcVocabulary(vocab, [.. Enumerable.Range(0, tokens.Count).Select(id => Encoding.UTF8.GetString(tokens[id]))], settings);
    }

    /// <summary>Whether an id separates words.</summary>
    public bool IsDelimiter(int id) => (uint)id < (uint)_tokens.Length && _tokens[id] == _delimiter;

    /// <summary>The text of ids whose repeats and blanks are gone already; special tokens, and ids that the vocabulary does not have, say nothing.</summary>
    public string Spell(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var spoken = ids.Where(id => (uint)id < (uint)_tokens.Length && !_special.Contains(id));
        var text = string.Concat(spoken.Select(id => _tokens[id] == _delimiter ? " " : _tokens[id]));
        return _lowerCase ? text.ToLowerInvariant() : text;
    }

    /// <summary>The text of an id per frame: repeats collapse, blanks go, delimiters become spaces; special tokens stay unless skipped.</summary>
    public string Decode(ReadOnlySpan<int> frames, bool skipSpecial = true, bool collapse = true)
    {
        var text = string.Concat(Spans(frames, skipSpecial, collapse).Select(s => s.Text)).Trim();
        return _lowerCase ? text.ToLowerInvariant() : text;
    }

    /// <summary>The characters of an id per frame, with their frames.</summary>
    public IReadOnlyList<CtcSpan> CharacterOffsets(ReadOnlySpan<int> frames, bool skipSpecial = true) => Spans(frames, skipSpecial, collapse: true);

    /// <summary>The words of an id per frame, with their frames.</summary>
    public IReadOnlyList<CtcSpan> WordOffsets(ReadOnlySpan<int> frames, bool skipSpecial = true)
    {
        List<CtcSpan> words = [];
        var open = false;
        foreach (var span in Spans(frames, skipSpecial, collapse: true))
        {
            if (span.Text == " ")
            {
                open = false;
            }
            else if (open)
            {
                words[^1] = words[^1] with { Text = words[^1].Text + span.Text, End = span.End };
            }
            else
            {
                words.Add(span);
                open = true;
            }
        }

        return words;
    }

    /// <summary>An id per character, spaces as delimiters; characters that the model does not know become the unknown token.</summary>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> ids = [];
        foreach (var rune in (_lowerCase ? text.ToUpperInvariant() : text).EnumerateRunes())
        {
            var token = rune.Value == ' ' ? _delimiter : rune.ToString();
            ids.Add(_ids.TryGetValue(token, out var id) ? id : _unknown
                ?? throw new ArgumentException($"the vocabulary has no '{token}' and no unknown token", nameof(text)));
        }

        return ids;
    }

    private List<CtcSpan> Spans(ReadOnlySpan<int> frames, bool skipSpecial, bool collapse)
    {
        List<CtcSpan> spans = [];
        for (int start = 0, end; start < frames.Length; start = end)
        {
            var id = frames[start];
            for (end = start + 1; collapse && end < frames.Length && frames[end] == id;)
            {
                end++;
            }

            if (id < 0 || id >= _tokens.Length)
            {
                throw new ArgumentException($"frame {start} has the id {id}; the vocabulary has {_tokens.Length}", nameof(frames));
            }

            if (id != Blank && !(skipSpecial && _special.Contains(id)))
            {
                spans.Add(new CtcSpan(_tokens[id] == _delimiter ? " " : _tokens[id], start, end));
            }
        }

        return spans;
    }
}
