using System.Buffers.Binary;
using System.IO.Compression;

namespace Parley.Text;

/// <summary>Whisper's special tokens in their published order, and the two published rank tables that come with the library.</summary>
/// <remarks>openai/whisper whisper/tokenizer.py, get_encoding, at v20250625.</remarks>
internal static class WhisperVocabulary
{
    /// <summary>Timestamps, 20 ms apart, 0 to 30 s.</summary>
    public const int Timestamps = 1501;

    private const int BesidesLanguages = 8;
    private static readonly Lazy<TokenBytes> Multilingual = new(() => Read("multilingual"));
    private static readonly Lazy<TokenBytes> EnglishOnly = new(() => Read("english"));

    /// <summary>The ranks published for multilingual or for English-only models.</summary>
    public static TokenBytes Ranks(bool multilingual) => (multilingual ? Multilingual : EnglishOnly).Value;

    /// <summary>All special tokens, numbered from <paramref name="first"/> in the published order, timestamps last.</summary>
    public static IEnumerable<AddedToken> Specials(int first, int languages)
    {
        string[] control =
        [
            "<|endoftext|>", "<|startoftranscript|>", .. WhisperLanguages.All.Take(languages).Select(l => $"<|{l.Code}|>"),
            "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
        ];
        return control.Select((content, i) => new AddedToken(first + i, content)).Concat(Times(first + control.Length));
    }

    /// <summary>The timestamp tokens, numbered from <paramref name="first"/>.</summary>
    public static IEnumerable<AddedToken> Times(int first) =>
        Enumerable.Range(0, Timestamps).Select(i => new AddedToken(first + i, Time(i)));

    /// <summary>How a timestamp token is written.</summary>
    public static string Time(int step) => $"<|{step / 50}.{step % 50 * 2:00}|>";

    /// <summary>How many languages a model has, from its number of tokens and that of the ordinary ones.</summary>
    public static int Languages(string where, int vocabSize, int ordinary)
    {
        var languages = vocabSize - ordinary - Timestamps - BesidesLanguages;
        return languages is >= 1 && languages <= WhisperLanguages.All.Count
            ? languages
            : throw new InvalidDataException(
                $"{where}: {vocabSize} tokens with {ordinary} ordinary ones leaves {languages} languages; Whisper models have 1 to {WhisperLanguages.All.Count}");
    }

    // Brotli of: count (int32, little endian), the length of each token (one byte each), and the bytes of all tokens.
    private static TokenBytes Read(string name)
    {
        using var resource = typeof(WhisperVocabulary).Assembly.GetManifestResourceStream($"whisper-{name}.ranks")
            ?? throw new InvalidOperationException($"the resource whisper-{name}.ranks is not in this build");
        using var brotli = new BrotliStream(resource, CompressionMode.Decompress);
        using var flat = new MemoryStream(512 << 10);
        brotli.CopyTo(flat);
        var all = flat.GetBuffer().AsSpan(0, (int)flat.Length);
        var count = BinaryPrimitives.ReadInt32LittleEndian(all);
        var offsets = new int[count + 1];
        for (var i = 0; i < count; i++)
        {
            offsets[i + 1] = offsets[i] + all[4 + i];
        }

        return new TokenBytes(all[(4 + count)..].ToArray(), offsets);
    }
}
