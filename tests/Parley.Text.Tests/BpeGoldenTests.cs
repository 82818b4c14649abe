using System.Text.Json;

namespace Parley.Text.Tests;

public sealed class BpeGoldenTests
{
    private static readonly JsonElement All = Cases.Of("tokenizer_gpt2");

    [Fact]
    public void Gpt2_encodes_and_decodes_like_the_reference()
    {
        var tokenizer = Open();
        foreach (var entry in All.GetProperty("encode").EnumerateArray())
        {
            var ids = tokenizer.Encode(entry.Str("text"));
            Assert.Equal(entry.Ids(), ids);
            Assert.Equal(entry.Str("decoded"), tokenizer.Decode([.. ids]));
            Assert.Equal(entry.Str("decoded_skip_special"), tokenizer.Decode([.. ids], skipSpecial: true));
        }
    }

    [Fact]
    public void A_prefix_space_goes_in_front_of_the_whole_text()
    {
        var tokenizer = Open(addPrefixSpace: true);
        foreach (var entry in All.GetProperty("add_prefix_space").EnumerateArray())
        {
            var ids = tokenizer.Encode(entry.Str("text"));
            Assert.Equal(entry.Ids(), ids);
            Assert.Equal(entry.Str("decoded"), tokenizer.Decode([.. ids]));
        }
    }

    private static BpeTokenizer Open(bool? addPrefixSpace = null)
    {
        var folder = Goldens.Folder("tokenizer_gpt2");
        return BpeTokenizer.FromVocabAndMerges(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"), addPrefixSpace);
    }
}
