using System.Text.Json;

namespace Parley.Text.Tests;

public sealed class WhisperGoldenTests
{
    private static readonly JsonElement All = Cases.Of("tokenizer_whisper");
    private static readonly WhisperTokenizer Tokenizer = WhisperTokenizer.Load(Goldens.Folder("tokenizer_whisper"));

    [Fact]
    public void Special_ids_follow_the_vocabulary_in_the_published_order()
    {
        foreach (var entry in All.GetProperty("special_ids").EnumerateObject())
        {
            Assert.Equal(entry.Value.GetInt32(), Tokenizer.Find(entry.Name));
        }

        Assert.Equal(All.GetProperty("first_timestamp_id").GetInt32(), Tokenizer.TimestampBegin);
        Assert.Equal(Tokenizer.TimestampBegin + 1501, Tokenizer.VocabSize);
        Assert.Equal(100, Tokenizer.LanguageTokens.Count);
        Assert.Equal("yue", Tokenizer.LanguageOf(Tokenizer.LanguageToken("Cantonese")));
    }

    [Fact]
    public void Every_text_encodes_to_the_reference_ids_and_back()
    {
        foreach (var entry in All.GetProperty("encode").EnumerateArray())
        {
            var ids = Tokenizer.Encode(entry.Str("text"));
            Assert.Equal(entry.Ids(), ids);
            Assert.Equal(entry.Str("text"), Tokenizer.Decode([.. ids]));
        }
    }

    [Fact]
    public void Prompts_with_language_task_and_timestamps_match()
    {
        foreach (var entry in All.GetProperty("with_prefix").EnumerateArray())
        {
            var settings = entry.Str("settings").Split(' ');
            var task = settings[1] == "translate" ? WhisperTask.Translate : WhisperTask.Transcribe;
            int[] ids = [.. Tokenizer.StartSequence(settings[0], task, settings[2] == "timestamps"), .. Tokenizer.Encode(entry.Str("text")), Tokenizer.Eot];
            Assert.Equal(entry.Ids(), ids);
        }
    }

    [Fact]
    public void Decoding_matches_plain_without_specials_with_timestamps_and_with_offsets()
    {
        foreach (var entry in All.GetProperty("decode").EnumerateArray())
        {
            var ids = entry.Ids();
            Assert.Equal(entry.Str("plain"), Tokenizer.Decode(ids));
            Assert.Equal(entry.Str("skip_special"), Tokenizer.Decode(ids, skipSpecial: true));
            Assert.Equal(entry.Str("with_timestamps"), Tokenizer.DecodeWithTimestamps(ids));
            var expected = entry.GetProperty("offsets").EnumerateArray().Select(o => new TimedText(
                o.Str("text"), TimeSpan.FromSeconds(o.GetProperty("timestamp")[0].GetDouble()), TimeSpan.FromSeconds(o.GetProperty("timestamp")[1].GetDouble())));
            Assert.Equal(expected, Tokenizer.DecodeOffsets(ids));
        }
    }
}
