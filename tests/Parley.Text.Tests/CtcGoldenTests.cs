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

    private static IEnumerable<CtcSpan> Offsets(JsonElement entry, string list, string text) => entry.GetProperty(list).EnumerateArray()
        .Select(o => new CtcSpan(o.Str(text), o.GetProperty("start_offset").GetInt32(), o.GetProperty("end_offset").GetInt32()));
}
