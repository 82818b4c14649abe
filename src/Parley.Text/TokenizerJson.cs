using System.Text;
using System.Text.Json;

namespace Parley.Text;

/// <summary>Reads Hugging Face <c>tokenizer.json</c>; what it does not know is an error, never left out.</summary>
/// <remarks>huggingface/tokenizers tokenizers/src/tokenizer/serialization.rs and the modules it names.</remarks>
internal static class TokenizerJson
{
    /// <summary>Opens a file; <paramref name="extra"/> may give more added tokens.</summary>
    public static BpeTokenizer Load(string path, Func<TokenBytes, AddedTokenSet, IEnumerable<AddedToken>>? extra = null) =>
        Parse(path, TiktokenFile.ReadBounded(path), extra);

    /// <summary>Reads a file that is in memory.</summary>
    public static BpeTokenizer Parse(string where, ReadOnlyMemory<byte> file, Func<TokenBytes, AddedTokenSet, IEnumerable<AddedToken>>? extra = null)
    {
        try
        {
            return Build(where, new Parts(where, file), extra);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw new InvalidDataException($"{where}: not a tokenizer.json: {e.Message}", e);
        }
    }

    /// <summary>One entry of added_tokens, or of added_tokens_decoder where the id is the key.</summary>
    public static AddedToken ReadAddedToken(JsonElement entry, string where, int? id = null) => new(
        id ?? entry.Number(where, "id"),
        entry.Text(where, "content") ?? throw new InvalidDataException($"{where}: no 'content'"),
        entry.Flag(where, "special", otherwise: false),
        entry.Flag(where, "lstrip", otherwise: false),
        entry.Flag(where, "rstrip", otherwise: false),
        entry.Flag(where, "single_word", otherwise: false),
        entry.Flag(where, "normalized", otherwise: false));

    private static BpeTokenizer Build(string where, Parts parts, Func<TokenBytes, AddedTokenSet, IEnumerable<AddedToken>>? extra)
    {
        var written = parts.Vocabulary ?? throw new InvalidDataException($"{where}: no 'vocab' in 'model'");
        var byteLevel = parts.Decoder is { } decoder
            ? HasType(decoder, "ByteLevel", "decoders", $"{where}: decoder")
            : parts.PreTokenizer is { } cutter && HasType(cutter, "ByteLevel", "pretokenizers", $"{where}: pre_tokenizer");
        var tokens = byteLevel ? VocabularyJson.ToBytes(written) : written;
        List<AddedToken> added = [.. parts.Added.Select(t => Checked(t, where, written))];
        if (extra is not null)
        {
            added.AddRange(extra(tokens, new AddedTokenSet(added)));
        }

        return new BpeTokenizer(new BpeModel(
            where,
            tokens,
            () => parts.ReadMerges(written),
            new AddedTokenSet(added),
            TokenizerJsonParts.PreTokenizer(parts.PreTokenizer, $"{where}: pre_tokenizer", ref byteLevel),
            byteLevel ? TokenDecoding.Bytes : TokenizerJsonParts.Decoding(parts.Decoder, $"{where}: decoder"))
        {
            Normalizer = TokenizerJsonParts.Normalizer(parts.Normalizer, $"{where}: normalizer"),
            Unknown = parts.UnknownToken is null ? null : written.Find(Encoding.UTF8.GetBytes(parts.UnknownToken)) is var id and >= 0
                ? id
                : added.Find(t => t.Content == parts.UnknownToken)?.Id
                    ?? throw new InvalidDataException($"{where}: unk_token '{parts.UnknownToken}' is not in the vocabulary"),
            FuseUnknown = parts.FuseUnknown,
            ByteFallback = parts.ByteFallback,
            IgnoreMerges = parts.IgnoreMerges,
        });
    }

    private static AddedToken Checked(AddedToken token, string where, TokenBytes vocabulary) =>
        token.Id >= 0 && token.Id < (4L * vocabulary.Count) + 65536
            ? token
            : throw new InvalidDataException($"{where}: added token '{token.Content}' has the id {token.Id}, out of range for {vocabulary.Count} tokens");

    private static bool HasType(JsonElement element, string type, string list, string where) =>
        element.Text(where, "type") is var found && found == type
        || (found == "Sequence" && element.Member(where, list) is { } steps && steps.Items(where).Any(s => HasType(s, type, list, where)));

    // The top level of the file, with the vocabulary laid out and the merges left where they are.
    private sealed class Parts
    {
        private readonly string _where;
        private readonly ReadOnlyMemory<byte> _file;
        private ReadOnlyMemory<byte> _merges = "[]"u8.ToArray();

        public Parts(string where, ReadOnlyMemory<byte> file)
        {
            (_where, _file) = (where, file.Span.StartsWith("\uFEFF"u8) ? file[3..] : file);
            var reader = new Utf8JsonReader(_file.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw new InvalidDataException($"{where}: not a tokenizer.json: the file must hold an object");
            }

            var model = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString();
                reader.Read();
                switch (name)
                {
                    case "added_tokens":
                        Added = [.. Element(ref reader).Items($"{where}: added_tokens").Select((t, i) => ReadAddedToken(t, $"{where}: added_tokens[{i}]"))];
                        break;
                    case "normalizer":
                        Normalizer = Optional(ref reader);
                        break;
                    case "pre_tokenizer":
                        PreTokenizer = Optional(ref reader);
                        break;
                    case "decoder":
                        Decoder = Optional(ref reader);
                        break;
                    case "model":
                        ReadModel(ref reader);
                        model = true;
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }

            if (!model)
            {
                throw new InvalidDataException($"{where}: no 'model'; this is not a tokenizer.json");
            }
        }

        public List<AddedToken> Added { get; } = [];

        public JsonElement? Normalizer { get; }

        public JsonElement? PreTokenizer { get; }

        public JsonElement? Decoder { get; }

        public TokenBytes? Vocabulary { get; private set; }

        public string? UnknownToken { get; private set; }

        public bool FuseUnknown { get; private set; }

        public bool ByteFallback { get; private set; }

        public bool IgnoreMerges { get; private set; }

        public BpeMerges ReadMerges(TokenBytes written)
        {
            try
            {
                var list = new MergeList(_where, written);
                var reader = new Utf8JsonReader(_merges.Span);
                reader.Read();
                byte[] left = new byte[64], right = new byte[64];
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (reader.TokenType == JsonTokenType.String)
                    {
                        list.AddLine(Copy(ref reader, ref left));
                        continue;
                    }

                    var pair = reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.String;
                    var first = pair ? Copy(ref reader, ref left) : [];
                    pair = pair && reader.Read() && reader.TokenType == JsonTokenType.String;
                    var second = pair ? Copy(ref reader, ref right) : [];
                    if (!pair || !reader.Read() || reader.TokenType != JsonTokenType.EndArray)
                    {
                        throw new InvalidDataException($"{_where}: merges must be \"a b\" strings or [\"a\", \"b\"] pairs");
                    }

                    list.Add(first, second);
                }

                return list.Build();
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new InvalidDataException($"{_where}: cannot read the merges: {e.Message}", e);
            }
        }

        private static ReadOnlySpan<byte> Copy(ref Utf8JsonReader reader, ref byte[] room)
        {
            if (room.Length < reader.ValueSpan.Length)
            {
                room = new byte[reader.ValueSpan.Length];
            }

            return room.AsSpan(0, reader.CopyString(room));
        }

        private void ReadModel(ref Utf8JsonReader reader)
        {
            var where = $"{_where}: model";
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw new InvalidDataException($"{where}: expected an object");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString();
                reader.Read();
                switch (name)
                {
                    case "type":
                        var type = JsonText.AsText(Element(ref reader), $"{where}: type");
                        if (type != "BPE")
                        {
                            throw new InvalidDataException($"{where}: type '{type}' is not supported; BPE is");
                        }

                        break;
                    case "vocab":
                        Vocabulary = VocabularyJson.Read(where, ref reader);
                        break;
                    case "merges":
                        if (reader.TokenType != JsonTokenType.StartArray)
                        {
                            throw new InvalidDataException($"{where}: 'merges' must be an array");
                        }

                        var start = (int)reader.TokenStartIndex;
                        reader.Skip();
                        _merges = _file[start..(int)reader.BytesConsumed];
                        break;
                    case "unk_token":
                        UnknownToken = Optional(ref reader) is { } unknown ? JsonText.AsText(unknown, $"{where}: unk_token") : null;
                        break;
                    case "fuse_unk" or "byte_fallback" or "ignore_merges":
                        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                        {
                            throw new InvalidDataException($"{where}: '{name}' must be true or false");
                        }

                        var on = reader.TokenType == JsonTokenType.True;
                        (FuseUnknown, ByteFallback, IgnoreMerges) = (
                            name == "fuse_unk" ? on : FuseUnknown, name == "byte_fallback" ? on : ByteFallback, name == "ignore_merges" ? on : IgnoreMerges);
                        break;
                    case "dropout" or "continuing_subword_prefix" or "end_of_word_suffix":
                        if (Optional(ref reader) is { } value && value.GetRawText() is not ("\"\"" or "0" or "0.0"))
                        {
                            throw new InvalidDataException($"{where}: '{name}' {value.GetRawText()} is not supported");
                        }

                        break;
                    default:
                        throw new InvalidDataException($"{where}: '{name}' is not a field of a BPE model that is known here");
                }
            }
        }

        private static JsonElement Element(ref Utf8JsonReader reader)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.Clone();
        }

        private static JsonElement? Optional(ref Utf8JsonReader reader) =>
            Element(ref reader) is { ValueKind: not JsonValueKind.Null } element ? element : null;
    }
}
