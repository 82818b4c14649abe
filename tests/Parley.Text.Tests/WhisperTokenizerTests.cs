namespace Parley.Text.Tests;

public sealed class WhisperTokenizerTests
{
    private static readonly WhisperTokenizer Multilingual = WhisperTokenizer.Default();
    private static readonly WhisperTokenizer English = WhisperTokenizer.Default(multilingual: false);

    [Fact]
    public void Published_ids_come_out_of_the_embedded_ranks()
    {
        Assert.Equal(51865, Multilingual.VocabSize);
        Assert.Equal(
            [50257, 50258, 50358, 50359, 50360, 50361, 50362, 50363, 50364],
            [Multilingual.Eot, Multilingual.Sot, Multilingual.Translate, Multilingual.Transcribe, Multilingual.StartOfLm, Multilingual.StartOfPrev, Multilingual.NoSpeech, Multilingual.NoTimestamps, Multilingual.TimestampBegin]);
        Assert.Equal(51864, English.VocabSize);
        Assert.Equal([50256, 50257, 50362, 50363], [English.Eot, English.Sot, English.NoTimestamps, English.TimestampBegin]);
        var v3 = WhisperTokenizer.Default(languages: 100);
        Assert.Equal(51866, v3.VocabSize);
        Assert.Equal(50358, v3.LanguageToken("yue"));
        Assert.Equal(50365, v3.TimestampBegin);
        Assert.Equal(51866, WhisperTokenizer.ForVocabSize(51866).VocabSize);
        Assert.Equal(50256, WhisperTokenizer.ForVocabSize(51864).Eot);
    }

    [Fact]
    public void Suppressed_tokens_are_those_of_the_published_configurations()
    {
        // suppress_tokens of generation_config.json of openai/whisper-base and whisper-base.en, without the control tokens at the end.
        int[] multilingual =
        [
            1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61, 62, 63, 90, 91, 92, 93, 359, 503, 522, 542, 873, 893, 902, 918, 922, 931,
            1350, 1853, 1982, 2460, 2627, 3246, 3253, 3268, 3536, 3846, 3961, 4183, 4667, 6585, 6647, 7273, 9061, 9383, 10428, 10929, 11938, 12033,
            12331, 12562, 13793, 14157, 14635, 15265, 15618, 16553, 16604, 18362, 18956, 20075, 21675, 22520, 26130, 26161, 26435, 28279, 29464,
            31650, 32302, 32470, 36865, 42863, 47425, 49870, 50254,
        ];
        int[] english =
        [
            1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61, 62, 63, 90, 91, 92, 93, 357, 366, 438, 532, 685, 705, 796, 930, 1058, 1220,
            1267, 1279, 1303, 1343, 1377, 1391, 1635, 1782, 1875, 2162, 2361, 2488, 3467, 4008, 4211, 4600, 4808, 5299, 5855, 6329, 7203, 9609, 9959,
            10563, 10786, 11420, 11709, 11907, 13163, 13697, 13700, 14808, 15306, 16410, 16791, 17992, 19203, 19510, 20724, 22305, 22935, 27007,
            30109, 30420, 33409, 34949, 40283, 40493, 40549, 47282, 49146,
        ];
        Assert.Equal(multilingual, Multilingual.NonSpeechTokens);
        Assert.Equal(english, English.NonSpeechTokens);
    }

    [Fact]
    public void Languages_are_found_by_code_name_and_alias()
    {
        Assert.Equal(100, WhisperLanguages.All.Count);
        Assert.Equal("my", WhisperLanguages.Code("Burmese"));
        Assert.Equal("en", WhisperLanguages.Code("ENGLISH"));
        Assert.Equal("haitian creole", WhisperLanguages.Name("ht"));
        Assert.Equal(50259, Multilingual.LanguageToken("en"));
        Assert.Throws<ArgumentException>(() => Multilingual.LanguageToken("klingon"));
        Assert.Throws<ArgumentException>(() => Multilingual.LanguageToken("yue"));
    }

    [Theory]
    [InlineData(" Hello, world! It's  me.", null, new[] { " Hello", ",", " world", "!", " It's", " ", " me", "." })]
    [InlineData(" café naïve", "fr", new[] { " café", " naïve" })]
    public void Words_split_at_spaces_and_punctuation(string text, string? language, string[] words)
    {
        var split = Multilingual.SplitToWordTokens([.. Multilingual.Encode(text)], language);
        Assert.Equal(words, split.Select(w => w.Word));
        Assert.Equal(Multilingual.Encode(text), split.SelectMany(w => w.Tokens));
    }

    [Fact]
    public void Languages_without_spaces_split_at_characters()
    {
        int[] ids = [.. Multilingual.Encode("我們今天去公園。👩"), Multilingual.Eot];
        var split = Multilingual.SplitToWordTokens(ids, "zh");
        Assert.Equal("我們今天去公園。👩<|endoftext|>", string.Concat(split.Select(w => w.Word)));
        Assert.All(split, w => Assert.DoesNotContain('\uFFFD', w.Word));
        Assert.Equal("<|endoftext|>", split[^1].Word);
    }

    [Fact]
    public void Special_tokens_of_strangers_stay_text()
    {
        Assert.Equal([Multilingual.Eot], Multilingual.Encode("<|endoftext|>"));
        var ids = Multilingual.Encode("<|endoftext|><|0.00|>", SpecialTokens.AsText);
        Assert.All(ids, id => Assert.True(id < Multilingual.Eot));
        Assert.Equal("<|endoftext|><|0.00|>", Multilingual.Decode([.. ids]));
    }
}
