using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace Parley.Text;

/// <summary>Byte-pair tokenizer: byte-level (GPT-2, Whisper, Llama 3, Qwen) or of characters with byte fallback (Llama 2, Phi-3).</summary>
/// <remarks>
/// Opening one reads only what decoding needs; the tables for encoding are built at the first <see cref="Encode"/>.
/// Sennrich et al. 2016 (arXiv 1508.07909), section 3.2; byte level: Radford et al. 2019, section 2.2.
/// Lone surrogates in a text are encoded as U+FFFD.
/// </remarks>
public sealed class BpeTokenizer : ITokenizer
{
    private const int CachedWords = 1 << 14;
    private const int CachedWordLength = 48;

    private readonly BpeModel _model;
    private readonly TokenBytes _tokens;
    private readonly AddedTokenSet _added;
    private readonly Lazy<(BpeMerges Merges, int[] ByteIds)> _encoder;
    private readonly ConcurrentDictionary<string, int[]> _words = new(StringComparer.Ordinal);
    private int _wordCount;

    internal BpeTokenizer(BpeModel model)
    {
        _model = model;
        (_tokens, _added) = (model.Tokens, model.Added);
        VocabSize = Math.Max(_tokens.Count, _added.VocabSize);
        _encoder = new Lazy<(BpeMerges, int[])>(() => (model.Merges(), ByteIds()));
    }

    /// <inheritdoc/>
    public int VocabSize { get; }

    /// <summary>The tokens that are matched before merging, special ones among them.</summary>
    public IEnumerable<AddedToken> AddedTokens => _added.All;

    internal TokenBytes Tokens => _tokens;

    /// <summary>Opens a Hugging Face <c>tokenizer.json</c> with a BPE model.</summary>
    public static BpeTokenizer FromTokenizerJson(string path) => TokenizerJson.Load(path);

    /// <summary>The same for a file in memory; <paramref name="where"/> names it in messages.</summary>
    public static BpeTokenizer FromTokenizerJson(string where, ReadOnlyMemory<byte> file) => TokenizerJson.Parse(where, file);

    /// <summary>Opens <c>vocab.json</c> and <c>merges.txt</c> with the special tokens named in the files beside them.</summary>
    public static BpeTokenizer FromVocabAndMerges(string vocabPath, string mergesPath, bool? addPrefixSpace = null) =>
        VocabAndMerges.Load(vocabPath, mergesPath, addPrefixSpace, extra: null);

    /// <summary>Opens a tiktoken rank file; the pattern cuts text into words, special tokens are the caller's.</summary>
    public static BpeTokenizer FromTiktoken(string path, TiktokenPattern pattern, IEnumerable<AddedToken>? special = null) =>
        TiktokenFile.Load(path, pattern, special ?? []);

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string text, SpecialTokens special = SpecialTokens.Recognise)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> ids = [];
        List<ReadOnlyMemory<char>> words = [];
        var source = _model.PrefixWholeText ? string.Concat(" ", text).AsMemory() : text.AsMemory();
        foreach (var (raw, rawToken) in _added.Split(source, normalized: false, special))
        {
            if (rawToken is not null)
            {
                ids.Add(rawToken.Id);
                continue;
            }

            var piece = _model.Normalizer is { } normalizer ? normalizer.Apply(raw.ToString()).AsMemory() : raw;
            foreach (var (part, token) in _added.Split(piece, normalized: true, special))
            {
                if (token is not null)
                {
                    ids.Add(token.Id);
                    continue;
                }

                words.Clear();
                _model.PreTokenizer.Split(part, words);
                foreach (var word in words)
                {
                    EncodeWord(word.Span, ids);
                }
            }
        }

        return ids;
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        if (_model.Decoding.ByteLevel)
        {
            return Encoding.UTF8.GetString(DecodeBytes(ids, skipSpecial));
        }

        var stream = Stream(skipSpecial);
        var text = new StringBuilder();
        foreach (var id in ids)
        {
            text.Append(stream.Append(id));
        }

        return text.Append(stream.Flush()).ToString();
    }

    /// <summary>The bytes of some ids, which need not be whole characters; only for byte-level vocabularies.</summary>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        if (!_model.Decoding.ByteLevel)
        {
            throw new InvalidOperationException("this vocabulary is made of characters, not bytes; use Decode");
        }

        var bytes = new ArrayBufferWriter<byte>(Math.Max(16, ids.Length * 4));
        foreach (var id in ids)
        {
            if (!skipSpecial || !IsSpecial(id))
            {
                bytes.Write(BytesOf(id));
            }
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    public StreamingDecoder Stream(bool skipSpecial = false) =>
        _model.Decoding.ByteLevel ? new ByteLevelStream(this, skipSpecial) : new ByteFallbackStream(this, _model.Decoding, skipSpecial);

    /// <inheritdoc/>
    public int? Find(string token)
    {
        if (_added.Find(token) is { } added)
        {
            return added.Id;
        }

        var id = _tokens.Find(Encoding.UTF8.GetBytes(token));
        return id < 0 ? null : id;
    }

    /// <inheritdoc/>
    public bool IsSpecial(int id) => _added.TryGet(id, out var token, out _) && token.Special;

    /// <summary>Bytes of one id; none for an id without a token.</summary>
    internal ReadOnlySpan<byte> BytesOf(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return _added.TryGet(id, out _, out var bytes) ? bytes : id < _tokens.Count ? _tokens[id] : [];
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        var cache = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        if (word.Length <= CachedWordLength && cache.TryGetValue(word, out var known))
        {
            ids.AddRange(known);
            return;
        }

        var size = Encoding.UTF8.GetMaxByteCount(word.Length);
        var (utf8, symbols) = (ArrayPool<byte>.Shared.Rent(size), ArrayPool<int>.Shared.Rent(size));
        try
        {
            var bytes = utf8.AsSpan(0, Encoding.UTF8.GetBytes(word, utf8));
            int count;
            if (_model.IgnoreMerges && _tokens.Find(bytes) is var whole and >= 0)
            {
                (symbols[0], count) = (whole, 1);
            }
            else
            {
                count = _model.Decoding.ByteLevel ? ByteSymbols(bytes, symbols) : CharacterSymbols(bytes, symbols);
                count = BpeWord.Merge(symbols.AsSpan(0, count), _encoder.Value.Merges);
            }

            ids.AddRange(symbols.AsSpan(0, count));
            if (word.Length <= CachedWordLength && _wordCount < CachedWords && cache.TryAdd(word, symbols.AsSpan(0, count).ToArray()))
            {
                Interlocked.Increment(ref _wordCount);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(utf8);
            ArrayPool<int>.Shared.Return(symbols);
        }
    }

    private int ByteSymbols(ReadOnlySpan<byte> bytes, Span<int> symbols)
    {
        var ids = _encoder.Value.ByteIds;
        for (var i = 0; i < bytes.Length; i++)
        {
            var id = ids[bytes[i]];
            symbols[i] = id >= 0 ? id : _model.Unknown
                ?? throw new InvalidDataException($"{_model.Where}: no token for byte 0x{bytes[i]:X2} and no unknown token; this text cannot be encoded");
        }

        return bytes.Length;
    }

    private int CharacterSymbols(ReadOnlySpan<byte> bytes, Span<int> symbols)
    {
        var (count, lastUnknown) = (0, false);
        while (!bytes.IsEmpty)
        {
            Rune.DecodeFromUtf8(bytes, out _, out var used);
            var id = _tokens.Find(bytes[..used]);
            if (id >= 0)
            {
                symbols[count++] = id;
                lastUnknown = false;
            }
            else if (_model.ByteFallback && AllBytesKnown(bytes[..used]))
            {
                foreach (var value in bytes[..used])
                {
                    symbols[count++] = _encoder.Value.ByteIds[value];
                }

                lastUnknown = false;
            }
            else
            {
                if (!lastUnknown || !_model.FuseUnknown)
                {
                    symbols[count++] = _model.Unknown ?? throw new InvalidDataException(
                        $"{_model.Where}: no token for '{Encoding.UTF8.GetString(bytes[..used])}' and no unknown token; this text cannot be encoded");
                }

                lastUnknown = true;
            }

            bytes = bytes[used..];
        }

        return count;
    }

    private bool AllBytesKnown(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (_encoder.Value.ByteIds[value] < 0)
            {
                return false;
            }
        }

        return true;
    }

    private int[] ByteIds()
    {
        var ids = new int[256];
        for (var value = 0; value < 256; value++)
        {
            ids[value] = _model.Decoding.ByteLevel
                ? _tokens.Find([(byte)value])
                : _tokens.Find(Encoding.ASCII.GetBytes($"<0x{value:X2}>"));
        }

        return ids;
    }
}
