using System.Text.Json;

namespace Parley.Text.Tests;

public sealed class CtcGoldenTests
{
    private static readonly JsonElement All = Cases.Of("tokenizer_wav2vec2_ctc");
    private static readonly CtcVocabulary Vocabulary = CtcVocabulary.Load(Goldens.Folder("tokenizer_wav2vec2_ctc"));

    [Fact]
    public void Frames_decode_to_the_reference_text_and_offsets()
    {
        foreach (var entry in All.GetProperty("decode").EnumerateArray())
        {
            var ids = entry.Ids();
            Assert.Equal(entry.Str("text"), Vocabulary.Decode(ids, skipSpecial: false));
            Assert.Equal(entry.Str("text_no_grouping"), Vocabulary.Decode(ids, skipSpecial: false, collapse: false));
            Assert.Equal(Offsets(entry, "char_offsets", "char"), Vocabulary.CharacterOffsets(ids, skipSpecial: false));
            Assert.Equal(Offsets(entry, "word_offsets", "word"), Vocabulary.WordOffsets(ids, skipSpecial: false));
        }
    }

    [Fact]
    public void Texts_encode_to_the_reference_ids()
    {
        foreach (var entry in All.GetProperty("encode").EnumerateArray())
        {
            Assert.Equal(entry.Ids(), Vocabulary.Encode(entry.Str("text")));
        }
    }

    [Fact]
    public void Spelling_collapsed_ids_gives_the_text_of_their_frames()
    {
        foreach (var ids in All.GetProperty("decode").EnumerateArray().Select(e => e.Ids()))
        {
            var collapsed = ids.Where((id, i) => id != Vocabulary.Blank && (i == 0 || ids[i - 1] != id));
            Assert.Equal(Vocabulary.Decode(ids), Vocabulary.Spell(collapsed).Trim());
        }
    }

    [Fact]
    public void Special_and_unknown_ids_spell_nothing_and_files_may_rename_them()
    {
        var vocabulary = new CtcVocabulary(["[PAD]", "[B]", "[E]", "[U]", "_", "A", "B"], new CtcVocabularySettings("_", "[PAD]", "[U]", "[B]", "[E]", LowerCase: true));
        Assert.Equal(" ab", vocabulary.Spell([1, 4, 0, 5, 3, 6, 2, 7, -1]));
        Assert.Equal((true, false, false), (vocabulary.IsDelimiter(4), vocabulary.IsDelimiter(5), vocabulary.IsDelimiter(99)));
        Assert.Equal([5, 4, 6, 3], vocabulary.Encode("a bc"));
        Assert.Throws<InvalidDataException>(() => new CtcVocabulary(["a", "b"]));
    }

    private static IEnumerable<CtcSpan> Offsets(JsonElement entry, string list, string text) => entry.GetProperty(list).EnumerateArray()
        .Select(o => new CtcSpan(o.Str(text), o.GetProperty("start_offset").GetInt32(), o.GetProperty("end_offset").GetInt32()));
}
