using System.Text;
using System.Text.Json;

namespace Parley.Text;

/// <summary>Reads the normalizer, pre-tokenizer and decoder of a <c>tokenizer.json</c>.</summary>
/// <remarks>huggingface/tokenizers tokenizers/src/{normalizers,pre_tokenizers,decoders}/mod.rs.</remarks>
internal static class TokenizerJsonParts
{
    /// <summary>The rewriting a normalizer does, or null for none.</summary>
    public static TextRewrite? Normalizer(JsonElement? element, string where)
    {
        if (element is not { } json)
        {
            return null;
        }

        var type = Type(json, where);
        return type switch
        {
            "Sequence" => new TextRewrite.Sequence([.. List(json, where, "normalizers").Select(s => Normalizer(s, where)!)]),
            "NFC" => Unicode(NormalizationForm.FormC),
            "NFD" => Unicode(NormalizationForm.FormD),
            "NFKC" => Unicode(NormalizationForm.FormKC),
            "NFKD" => Unicode(NormalizationForm.FormKD),
            "Lowercase" => new TextRewrite.Map(text => text.ToLowerInvariant()),
            "Prepend" => Prepend(Required(json, where, "prepend")),
            "Replace" => Replace(json, where),
            "Strip" => Strip(json.Flag(where, "strip_left", otherwise: true), json.Flag(where, "strip_right", otherwise: true)),
            _ => throw Unknown(where, "normalizer", type),
        };
    }

    /// <summary>The cuts a pre-tokenizer makes; a ByteLevel step anywhere makes the vocabulary one of bytes.</summary>
    public static PreTokenizer PreTokenizer(JsonElement? element, string where, ref bool byteLevel)
    {
        if (element is not { } json)
        {
            return new PreTokenizer.Whole();
        }

        var type = Type(json, where);
        switch (type)
        {
            case "Sequence":
                List<PreTokenizer> steps = [];
                foreach (var step in List(json, where, "pretokenizers"))
                {
                    steps.Add(PreTokenizer(step, where, ref byteLevel));
                }

                return new PreTokenizer.Sequence(steps);
            case "ByteLevel":
                if (!byteLevel)
                {
                    throw new InvalidDataException($"{where}: ByteLevel needs a ByteLevel decoder");
                }

                PreTokenizer words = json.Flag(where, "use_regex", otherwise: true) ? new PreTokenizer.Scan(WordScanners.Gpt2) : new PreTokenizer.Whole();
                return json.Flag(where, "add_prefix_space", otherwise: true)
                    ? new PreTokenizer.Sequence([new PreTokenizer.PrefixSpace(always: false), words])
                    : words;
            case "Split":
                return PatternSplit.Read(json, where);
            case "Digits":
                return PatternSplit.Digits(json.Flag(where, "individual_digits", otherwise: false));
            case "Whitespace":
                return PatternSplit.Whitespace();
            case "WhitespaceSplit":
                return PatternSplit.WhitespaceSplit();
            case "Punctuation":
                return PatternSplit.Punctuation(json.Text(where, "behavior") ?? "Isolated", where);
            default:
                throw Unknown(where, "pre-tokenizer", type);
        }
    }

    /// <summary>How the tokens of a vocabulary of characters become text.</summary>
    public static TokenDecoding Decoding(JsonElement? element, string where)
    {
        List<(string From, string To)> replacements = [];
        var (fallback, strip) = (false, 0);
        if (element is not { } json)
        {
            throw new InvalidDataException($"{where}: a vocabulary that is not byte-level needs a decoder");
        }

        foreach (var step in Type(json, where) == "Sequence" ? List(json, where, "decoders") : [json])
        {
            switch (Type(step, where))
            {
                case "Replace":
                    var (from, to) = Pair(step, where);
                    replacements.Add((from, to));
                    break;
                case "ByteFallback":
                    fallback = true;
                    break;
                case "Fuse":
                    break;
                case "Strip":
                    if (Required(step, where, "content") != " " || step.Number(where, "stop") != 0)
                    {
                        throw new InvalidDataException($"{where}: Strip is supported for spaces at the front only");
                    }

                    strip = Math.Clamp(step.Number(where, "start"), 0, 1 << 16);
                    break;
                default:
                    throw Unknown(where, "decoder", Type(step, where));
            }
        }

        return new TokenDecoding(ByteLevel: false, fallback, replacements, strip);
    }

    /// <summary>The type of a part.</summary>
    internal static string Type(JsonElement json, string where) => Required(json, where, "type");

    /// <summary>The error for a part that is not known.</summary>
    internal static InvalidDataException Unknown(string where, string what, string type) =>
        new($"{where}: {what} '{type}' is not supported");

    private static string Required(JsonElement json, string where, string name) =>
        json.Text(where, name) ?? throw new InvalidDataException($"{where}: no '{name}'");

    private static IEnumerable<JsonElement> List(JsonElement json, string where, string name) =>
        (json.Member(where, name) ?? throw new InvalidDataException($"{where}: no '{name}'")).Items($"{where}: {name}");

    // string.Normalize leaves text as it is where globalization is invariant, as it is here.
    private static TextRewrite.Map Unicode(NormalizationForm form) => new(text => UnicodeNormal.Apply(text, form));

    private static TextRewrite.Map Prepend(string front) => new(text => text.Length == 0 ? text : front + text);

    private static TextRewrite.Map Strip(bool left, bool right) => new(text => (left, right) switch
    {
        (true, true) => text.Trim(),
        (true, false) => text.TrimStart(),
        (false, true) => text.TrimEnd(),
        _ => text,
    });

    private static TextRewrite.Map Replace(JsonElement json, string where)
    {
        var pattern = json.Member(where, "pattern") ?? throw new InvalidDataException($"{where}: no 'pattern'");
        var to = json.Text(where, "content") ?? "";
        if (pattern.Text(where, "Regex") is { } expression)
        {
            var regex = PatternSplit.Compile(expression, where);
            return new(text => PatternSplit.Guard(where, () => regex.Replace(text, _ => to)));
        }

        var (from, _) = Pair(json, where);
        return new(text => text.Replace(from, to, StringComparison.Ordinal));
    }

    private static (string From, string To) Pair(JsonElement json, string where)
    {
        var pattern = json.Member(where, "pattern") ?? throw new InvalidDataException($"{where}: no 'pattern'");
        var from = pattern.Text(where, "String");
        return string.IsNullOrEmpty(from)
            ? throw new InvalidDataException($"{where}: the pattern of a Replace must be a String that is not empty")
            : (from, json.Text(where, "content") ?? "");
    }
}
