using System.Text;
using System.Text.Json;
using Parley.Decoding;
using Parley.Nn;

namespace Parley.Models;

/// <summary>What the symbols of a CTC model spell, read from a checkpoint's <c>vocab.json</c> and <c>tokenizer_config.json</c>.</summary>
public sealed class CtcSymbols
{
    private readonly Dictionary<int, string> _texts;
    private readonly HashSet<string> _special;
    private readonly string _delimiter;
    private readonly bool _lowerCase;

    /// <summary>Names the symbols.</summary>
    /// <param name="ids">Id of each symbol.</param>
    /// <param name="delimiter">The symbol between words.</param>
    /// <param name="special">Symbols that spell nothing.</param>
    /// <param name="lowerCase">Whether text is written in lower case.</param>
    public CtcSymbols(IReadOnlyDictionary<string, int> ids, string delimiter = "|", IEnumerable<string>? special = null, bool lowerCase = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(delimiter);
        _texts = [];
        foreach (var (text, id) in ids)
        {
            if (id < 0 || !_texts.TryAdd(id, text))
            {
                throw new InvalidDataException($"ctc vocabulary: id {id} of \"{text}\" is negative or belongs to \"{_texts.GetValueOrDefault(id)}\" already");
            }
        }

        _special = new HashSet<string>(special ?? ["<pad>", "<s>", "</s>", "<unk>"], StringComparer.Ordinal);
        (_delimiter, _lowerCase) = (delimiter, lowerCase);
    }

    /// <summary>Whether a symbol separates words.</summary>
    public bool IsDelimiter(int id) => _texts.TryGetValue(id, out var text) && text == _delimiter;

    /// <summary>The text of a word's symbols, specials left out.</summary>
    public string Spell(IEnumerable<CtcToken> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var text = new StringBuilder();
        foreach (var token in tokens)
        {
            if (_texts.TryGetValue(token.Id, out var symbol) && !_special.Contains(symbol))
            {
                text.Append(symbol == _delimiter ? " " : symbol);
            }
        }

        var word = text.ToString();
        return _lowerCase ? word.ToLowerInvariant() : word;
    }

    /// <summary>Reads the files of a model folder.</summary>
    public static CtcSymbols Load(ModelFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        using (var vocabulary = folder.Json("vocab.json"))
        {
            foreach (var entry in vocabulary.RootElement.EnumerateObject())
            {
                ids[entry.Name] = entry.Value.ValueKind == JsonValueKind.Number && entry.Value.TryGetInt32(out var id)
                    ? id
                    : throw new InvalidDataException($"{folder["vocab.json"]}: \"{entry.Name}\" has no id; vocabularies by language are not supported");
            }
        }

        using var config = folder.JsonOrNull("tokenizer_config.json");
        string[] special = [Text(config, "pad_token", "<pad>"), Text(config, "bos_token", "<s>"), Text(config, "eos_token", "</s>"), Text(config, "unk_token", "<unk>")];
        return new CtcSymbols(ids, Text(config, "word_delimiter_token", "|"), special, Flag(config, "do_lower_case"));
    }

    private static bool Flag(JsonDocument? config, string key) =>
        config is not null && config.RootElement.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;

    // Newer files write a token as an object with its content.
    private static string Text(JsonDocument? config, string key, string otherwise)
    {
        if (config is null || !config.RootElement.TryGetProperty(key, out var value))
        {
            return otherwise;
        }

        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out var content))
        {
            value = content;
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString()! : otherwise;
    }
}
