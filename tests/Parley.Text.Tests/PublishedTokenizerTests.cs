using System.Text.Json;

namespace Parley.Text.Tests;

/// <summary>Whole published vocabularies, from the shared data.</summary>
[Trait("kind", "slow")]
public sealed class PublishedTokenizerTests
{
    private const string Sample =
        "It's 3.14159 o'clock — naïve café, DON'T 12345!\r\n\n  \t我們今天 👩\u200d💻 ﬁ 𝐀𝐁 𐌰𐌱 x\u0301 ½\u00a0<|endoftext|> end  ";

    [Fact]
    public void Gpt2_gives_the_golden_ids_of_a_source_file_from_every_format()
    {
        var text = File.ReadAllText(SharedData.Find("tokenizers/golden/lib.rs.txt"));
        using var json = JsonDocument.Parse(File.ReadAllBytes(SharedData.Find("tokenizers/golden/tokens_gpt2.json")));
        int[] expected = [.. json.RootElement.EnumerateArray().Select(i => i.GetInt32())];
        foreach (var tokenizer in Gpt2())
        {
            Assert.Equal(expected, tokenizer.Encode(text));
            Assert.Equal(text, tokenizer.Decode(expected));
            Assert.Equal(Gpt2().First().Encode(Sample, SpecialTokens.AsText), tokenizer.Encode(Sample, SpecialTokens.AsText));
        }
    }

    [Fact]
    public void Whisper_is_the_same_from_every_format()
    {
        var folder = SharedData.Find("tokenizers/whisper");
        var whole = WhisperTokenizer.Load(folder);
        var bpe = BpeTokenizer.FromVocabAndMerges(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        var embedded = WhisperTokenizer.Default();
        var text = Sample + File.ReadAllText(SharedData.Find("text/botchan.txt"))[..50_000];
        var ids = embedded.Encode(text);
        Assert.Equal(ids, whole.Encode(text));
        Assert.Equal(ids, bpe.Encode(text));
        Assert.Equal(text, embedded.Decode([.. ids]));
        Assert.Equal(embedded.VocabSize, whole.VocabSize);
        for (var id = 0; id < 51865; id++)
        {
            // Earlier files call one token by its old name.
            Assert.Equal(embedded.DecodeWithTimestamps([id]).Replace("nospeech", "nocaptions", StringComparison.Ordinal), whole.DecodeWithTimestamps([id]));
            Assert.Equal(embedded.IsSpecial(id), whole.IsSpecial(id));
        }

        Assert.Equal(embedded.NonSpeechTokens, whole.NonSpeechTokens);
    }

    [Theory]
    [InlineData("multilingual", true)]
    [InlineData("gpt2", false)]
    public void Embedded_ranks_are_the_published_ones(string file, bool multilingual)
    {
        var path = SharedData.Find($"tokenizers/whisper/{file}.tiktoken");
        var published = TiktokenFile.Parse(path, File.ReadAllBytes(path));
        var ours = WhisperVocabulary.Ranks(multilingual);
        Assert.Equal(published.Count, ours.Count);
        for (var id = 0; id < ours.Count; id++)
        {
            Assert.True(published[id].SequenceEqual(ours[id]));
        }
    }

    [Fact]
    public void Phi3_spells_with_bytes_what_it_has_no_characters_for()
    {
        var phi = BpeTokenizer.FromTokenizerJson(SharedData.Find("tokenizers/phi3/tokenizer.json"));
        Assert.Equal(32045, phi.VocabSize);
        Assert.Equal([15043, 29892, 3186, 29991], phi.Encode("Hello, world!"));
        Assert.Equal([32010, 29871, 13, 2918, 32007], phi.Encode("<|user|>\nhi<|end|>"));
        var text = "Emoji 👩\u200d💻, 我們今天 and\n\ttabs  ok";
        Assert.Equal(text, phi.Decode([.. phi.Encode(text)]));
    }

    [Fact]
    public void Cl100k_round_trips_and_gives_known_ids()
    {
        var tokenizer = BpeTokenizer.FromTiktoken(SharedData.Find("tokenizers/tiktoken/cl100k_base.tiktoken"), TiktokenPattern.Cl100k);
        Assert.Equal([15339, 1917], tokenizer.Encode("hello world"));
        Assert.Equal([83, 1609, 5963, 374, 2294, 0], tokenizer.Encode("tiktoken is great!"));
        Assert.Equal(Sample, tokenizer.Decode([.. tokenizer.Encode(Sample)]));
    }

    private static IEnumerable<BpeTokenizer> Gpt2()
    {
        yield return BpeTokenizer.FromTokenizerJson(SharedData.Find("tokenizers/gpt2/tokenizer.json"));
        yield return BpeTokenizer.FromVocabAndMerges(SharedData.Find("tokenizers/gpt2/encoder.json"), SharedData.Find("tokenizers/gpt2/vocab.bpe"));
        yield return BpeTokenizer.FromTiktoken(SharedData.Find("tokenizers/whisper/gpt2.tiktoken"), TiktokenPattern.Gpt2);
    }
}
