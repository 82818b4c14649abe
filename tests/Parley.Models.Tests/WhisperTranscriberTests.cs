using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models.Tests;

/// <summary>How a recording is walked through, with a decoder that always has the same scores, so that what it says follows from the rules alone.</summary>
public sealed class WhisperTranscriberTests
{
    private static readonly WhisperTokenizer Tokenizer = WhisperTokenizer.Default();
    private static readonly WhisperConfig Config = new(80, 8, 1, 1, 1, 1, 8, 8, 1500, 448, 51865);
    private static readonly WhisperVocabulary Ids = WhisperVocabulary.From(Tokenizer, Config);
    private static readonly int Word = Tokenizer.Encode(" one")[0];
    private static readonly WhisperOptions Plain = new(Language: "en", Temperatures: [0], MaxTokens: 6);

    /// <summary>Says 0.00 one 4.00, 4.00 one one: a segment of 4 s and the beginning of another.</summary>
    private static readonly Dictionary<int, float> FourSeconds = new()
    {
        [Word] = 10,
        [Ids.EndOfText] = 6,
        [Ids.FirstTimestamp] = 8,
        [Ids.FirstTimestamp + 200] = 12,
    };

    [Fact]
    public void Each_window_starts_where_the_last_pair_of_stamps_was()
    {
        var segments = Transcribe(FourSeconds, seconds: 10, Plain);
        Assert.Equal([0, 400, 800], segments.Select(s => s.Seek));
        Assert.Equal([0.0, 4, 8], segments.Select(s => s.Start.TotalSeconds));
        Assert.All(segments, s => Assert.Equal(" one", s.Text));
    }

    [Fact]
    public void A_clip_starts_where_it_was_told_to_though_the_last_one_ran_over()
    {
        // The first clip is 1 s long and its text, as the model has it, 4 s.
        var segments = Transcribe(FourSeconds, seconds: 10, Plain with { Clips = [(0, 1), (1.2, 8)] });
        Assert.Equal([0, 120, 520], segments.Select(s => s.Seek));
    }

    [Fact]
    public void Silence_is_passed_over_unless_the_text_is_likely()
    {
        Dictionary<int, float> silent = new(FourSeconds) { [Ids.NoSpeech] = 20 };
        Assert.Equal(3, Transcribe(silent, 10, Plain).Count);
        Assert.Empty(Transcribe(silent, 10, Plain with { LogProbThreshold = 0.1 }));
        Assert.Equal(3, Transcribe(silent, 10, Plain with { LogProbThreshold = 0.1, NoSpeechThreshold = null }).Count);
    }

    [Fact]
    public void A_result_that_fails_the_guards_is_drawn_again_at_the_next_temperature()
    {
        Assert.All(Transcribe(FourSeconds, 10, Plain with { Temperatures = [0, 0.2, 0.4] }), s => Assert.Equal(0, s.Temperature));
        Assert.All(Transcribe(FourSeconds, 3, Plain with { Temperatures = [0, 0.2, 0.4], LogProbThreshold = 0.1 }), s => Assert.Equal(0.4, s.Temperature));
        Assert.All(Transcribe(FourSeconds, 3, Plain with { Temperatures = [0, 0.2, 0.4], CompressionRatioThreshold = 0.01 }), s => Assert.Equal(0.4, s.Temperature));
    }

    [Fact]
    public void The_likeliest_language_of_the_recording_is_reported()
    {
        var model = Build(new(FourSeconds) { [Ids.Languages["fr"]] = 3, [Ids.Languages["de"]] = 2 });
        string? spoken = null;
        _ = new WhisperTranscriber(model, Ids, Tokenizer, Backend.Default).Transcribe(new float[16000], Plain with { Language = null }, language: l => spoken = l).ToArray();
        Assert.Equal("fr", spoken);
    }

    private static List<TranscriptSegment> Transcribe(Dictionary<int, float> scores, int seconds, WhisperOptions options) =>
        [.. new WhisperTranscriber(Build(scores), Ids, Tokenizer, Backend.Default).Transcribe(new float[16000 * seconds], options)];

    private static Whisper Build(Dictionary<int, float> scores) => Weights.Build(new ConstantScores(scores), w => new Whisper(w["model"], Config)).Model;

    /// <summary>All zeros, but for a final norm that gives (1, 0, 0, …) and embeddings whose first number is the token's score.</summary>
    private sealed class ConstantScores(Dictionary<int, float> scores) : IWeightSource
    {
        public string Name => "constant scores";

        public IEnumerable<string> Names => [];

        public IWeightEntry Find(string name, Shape wanted, Init init)
        {
            var values = new float[wanted.Count];
            if (name == "model.decoder.layer_norm.bias")
            {
                values[0] = 1;
            }

            if (name == "model.decoder.embed_tokens.weight")
            {
                for (var token = 0; token < wanted[0]; token++)
                {
                    values[token * wanted[1]] = scores.GetValueOrDefault(token, token >= Ids.FirstTimestamp ? -20 : -5);
                }
            }

            return new Entry(wanted, values);
        }

        private sealed class Entry(Shape shape, float[] values) : IWeightEntry
        {
            public Shape Shape => shape;

            public WeightFormat Format => WeightFormat.Float32;

            public Tensor ToTensor(Backend backend)
            {
                var tensor = Tensor.Allocate(shape, backend);
                tensor.Fill(values);
                return tensor;
            }

            public WeightMatrix ToMatrix(Backend backend, WeightFormat format) => WeightMatrix.Dense(ToTensor(backend));
        }
    }
}
