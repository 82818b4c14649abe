namespace Parley.Text;

/// <content>Where the vocabulary comes from.</content>
public sealed partial class WhisperTokenizer
{
    /// <summary>The published tokenizer, from the library itself: 99 languages before large-v3, 100 since.</summary>
    public static WhisperTokenizer Default(bool multilingual = true, int languages = 99)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(languages, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(languages, WhisperLanguages.All.Count);
        return FromRanks("Whisper", WhisperVocabulary.Ranks(multilingual), languages);
    }

    /// <summary>The published tokenizer for a model with this many output tokens, such as 51864, 51865 or 51866.</summary>
    public static WhisperTokenizer ForVocabSize(int vocabSize)
    {
        // 51864 is English-only with 99 languages; one more token is multilingual, two more has Cantonese.
        var ranks = WhisperVocabulary.Ranks(vocabSize >= 51865);
        return FromRanks("Whisper", ranks, WhisperVocabulary.Languages("Whisper", vocabSize, ranks.Count));
    }

    /// <summary>
    /// The tokenizer of a folder: tokenizer.json, else vocab.json and merges.txt, else a .tiktoken file, else the published one that
    /// fits vocab_size of config.json; <paramref name="languages"/> counts where the files do not list the special tokens themselves.
    /// </summary>
    public static WhisperTokenizer Load(string folder, int? languages = null)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"{folder}: no such folder");
        }

        var config = Path.Combine(folder, "config.json");
        int? vocabSize = null;
        if (Path.Exists(config))
        {
            using var json = JsonText.Open(config);
            vocabSize = json.RootElement.Member(config, "vocab_size") is null ? null : json.RootElement.Number(config, "vocab_size");
        }

        IEnumerable<AddedToken> Missing(string where, TokenBytes tokens, AddedTokenSet added) => Complete(where, tokens, added, languages, vocabSize);
        var (whole, vocab, merges) = (Path.Combine(folder, "tokenizer.json"), Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        if (Path.Exists(whole))
        {
            return new WhisperTokenizer(whole, TokenizerJson.Load(whole, (tokens, added) => Missing(whole, tokens, added)));
        }

        if (Path.Exists(vocab))
        {
            if (!File.Exists(merges))
            {
                throw new FileNotFoundException($"{folder}: vocab.json without merges.txt; copy the missing one from the published model");
            }

            return new WhisperTokenizer(
                vocab, VocabAndMerges.Load(vocab, merges, addPrefixSpace: false, (tokens, added) => Missing(vocab, tokens, added)));
        }

        if (Directory.EnumerateFiles(folder, "*.tiktoken").Order(StringComparer.Ordinal).FirstOrDefault() is { } file)
        {
            var ranks = TiktokenFile.Parse(file, TiktokenFile.ReadBounded(file));
            return FromRanks(file, ranks, languages ?? (vocabSize is { } size ? WhisperVocabulary.Languages(config, size, ranks.Count) : 99));
        }

        return vocabSize is { } known ? ForVocabSize(known) : throw new FileNotFoundException(
            $"{folder}: no tokenizer.json, no vocab.json with merges.txt, no .tiktoken file, and no config.json with vocab_size; copy one of them into the folder");
    }

    private static WhisperTokenizer FromRanks(string where, TokenBytes ranks, int languages) => new(
        where, TiktokenFile.Create(where, ranks, TiktokenPattern.Gpt2, WhisperVocabulary.Specials(ranks.Count, languages)));

    // Older folders list no timestamps, some list no special tokens at all: those that are missing follow in the published order.
    private static IEnumerable<AddedToken> Complete(
        string where, TokenBytes tokens, AddedTokenSet added, int? languages, int? vocabSize)
    {
        int? Find(string content) => added.Find(content)?.Id
            ?? (tokens.Find(System.Text.Encoding.UTF8.GetBytes(content)) is var id and >= 0 ? id : null);

        if (Find("<|startoftranscript|>") is null)
        {
            var eot = Find("<|endoftext|>") ?? tokens.Count;
            return WhisperVocabulary.Specials(eot, languages ?? (vocabSize is { } size ? WhisperVocabulary.Languages(where, size, eot) : WhisperLanguages.All.Count));
        }

        // Listed timestamps are not marked as special in some files; here they are, as they steer and spell nothing.
        return Find("<|notimestamps|>") is { } before ? WhisperVocabulary.Times(Find("<|0.00|>") ?? (before + 1)) : [];
    }
}
