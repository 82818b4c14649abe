using System.Text.Json;
using Parley.Text;

namespace Parley.Models.Tests;

public sealed class WhisperVocabularyTests
{
    private const string Published = """
        {"eos_token_id": 50257, "decoder_start_token_id": 50258, "prev_sot_token_id": 50361, "no_timestamps_token_id": 50363, "max_initial_timestamp_index": 50,
         "is_multilingual": true, "lang_to_id": {"<|en|>": 50259, "<|de|>": 50261}, "task_to_id": {"transcribe": 50359, "translate": 50358},
         "suppress_tokens": [1, 2], "begin_suppress_tokens": [220, 50257], "alignment_heads": [[1, 0], [1, 2]], "forced_decoder_ids": [[1, null], [2, 50359]]}
        """;

    [Fact]
    public void All_ids_are_those_of_the_file()
    {
        var ids = Read(Published, Config());
        Assert.Equal((50257, 50258, 50359, 50358), (ids.EndOfText, ids.StartOfTranscript, ids.Transcribe, ids.Translate));
        Assert.Equal((50361, 50360, 50362, 50363, 50364), (ids.StartOfPrevious, ids.StartOfLanguageModel, ids.NoSpeech, ids.NoTimestamps, ids.FirstTimestamp));
        Assert.Equal(50, ids.MaxInitialTimestamp);
        Assert.Equal([1, 2], ids.Suppressed);
        Assert.Equal([220, 50257], ids.SuppressedFirst);
        Assert.Equal([(1, 0), (1, 2)], ids.AlignmentHeads);
        Assert.Equal([50258, 50261, 50359], ids.Start("de", translate: false, timestamps: true));
        Assert.Equal([50258, 50261, 50358, 50363], ids.Start("German", translate: true, timestamps: false));
    }

    [Theory]
    [InlineData("alignment_heads", "7")]
    [InlineData("alignment_heads", "\"all\"")]
    [InlineData("alignment_heads", "{\"1\": 0}")]
    [InlineData("alignment_heads", "[1, 0]")]
    [InlineData("alignment_heads", "[[\"1\", 0]]")]
    [InlineData("alignment_heads", "[[1, 0, 0]]")]
    [InlineData("alignment_heads", "[[1, 0.5]]")]
    [InlineData("alignment_heads", "[[-1, 0]]")]
    [InlineData("alignment_heads", "[null]")]
    [InlineData("eos_token_id", "\"50257\"")]
    [InlineData("eos_token_id", "99999999999")]
    [InlineData("no_timestamps_token_id", "0")]
    [InlineData("no_timestamps_token_id", "51865")]
    [InlineData("max_initial_timestamp_index", "-1")]
    [InlineData("suppress_tokens", "5")]
    [InlineData("suppress_tokens", "[\"5\"]")]
    [InlineData("lang_to_id", "[50259]")]
    [InlineData("lang_to_id", "{\"<|en|>\": 51865}")]
    [InlineData("task_to_id", "{\"translate\": -4}")]
    [InlineData("is_multilingual", "\"yes\"")]
    public void A_value_of_the_wrong_kind_is_one_clear_error(string name, string value)
    {
        var wrong = Assert.Throws<InvalidDataException>(() => Read(With(name, value), Config()));
        Assert.StartsWith("generation_config.json: ", wrong.Message, StringComparison.Ordinal);
        Assert.Contains(name, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', wrong.Message);
    }

    [Fact]
    public void A_file_that_holds_no_object_is_refused() => Assert.Throws<InvalidDataException>(() => Read("[]", Config()));

    [Fact]
    public void What_a_file_leaves_out_or_says_is_null_stays_as_the_tokenizer_has_it()
    {
        var tokenizer = WhisperTokenizer.Default();
        using var json = JsonDocument.Parse("""{"alignment_heads": null, "suppress_tokens": null, "eos_token_id": null}""");
        var ids = WhisperVocabulary.From(tokenizer, Config()).With(json.RootElement, Config());
        Assert.Equal(tokenizer.Eot, ids.EndOfText);
        Assert.Equal(tokenizer.NonSpeechTokens, ids.Suppressed);
        Assert.Equal([(1, 0), (1, 1), (1, 2)], ids.AlignmentHeads);
    }

    [Fact]
    public void Heads_of_a_deeper_teacher_say_nothing_about_a_distilled_model()
    {
        // Two layers with the list of large-v2, as distilled checkpoints are published.
        var ids = Read(With("alignment_heads", "[[10, 12], [13, 17], [16, 11]]"), Config());
        Assert.Equal([(1, 0), (1, 1), (1, 2)], ids.AlignmentHeads);
    }

    [Theory]
    [InlineData(51864, 0, 50256, 50361, 50362)]
    [InlineData(51865, 99, 50257, 50362, 50363)]
    [InlineData(51866, 100, 50257, 50363, 50364)]
    public void Each_published_vocabulary_has_its_languages_and_ids(int size, int languages, int end, int noSpeech, int noTimestamps)
    {
        var tokenizer = size == 51864 ? WhisperTokenizer.Default(multilingual: false) : WhisperTokenizer.Default(languages: languages);
        var ids = WhisperVocabulary.From(tokenizer, Config() with { VocabSize = size });
        Assert.Equal((languages, end, noSpeech, noTimestamps), (ids.Languages.Count, ids.EndOfText, ids.NoSpeech, ids.NoTimestamps));
        Assert.Equal(languages > 0, ids.IsMultilingual);
        Assert.Equal(languages == 100, ids.Languages.ContainsKey("yue"));
        Assert.Equal(languages > 0 ? [end + 1, end + 2, ids.Transcribe] : [end + 1], ids.Start("en", translate: false, timestamps: true));
    }

    [Fact]
    public void English_only_models_refuse_other_languages_and_translation()
    {
        var ids = WhisperVocabulary.From(WhisperTokenizer.Default(multilingual: false), Config() with { VocabSize = 51864 });
        Assert.Equal(ids.Start("en", translate: false, timestamps: true), ids.Start("English", translate: false, timestamps: true));
        Assert.Contains("English-only", Assert.Throws<ArgumentException>(() => ids.Start("de", translate: false, timestamps: true)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ids.Start("en", translate: true, timestamps: true));
    }

    private static string With(string name, string value)
    {
        using var json = JsonDocument.Parse(Published);
        var entries = json.RootElement.EnumerateObject().Select(e => $"\"{e.Name}\": {(e.Name == name ? value : e.Value.GetRawText())}");
        return $"{{{string.Join(", ", entries)}}}";
    }

    private static WhisperVocabulary Read(string json, WhisperConfig config)
    {
        using var parsed = JsonDocument.Parse(json);
        return WhisperVocabulary.From(parsed.RootElement, config);
    }

    private static WhisperConfig Config() => new(80, 48, 2, 2, 3, 3, 96, 96, 100, 64, 51865);
}
