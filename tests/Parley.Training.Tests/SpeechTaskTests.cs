using System.Text.Json;
using Parley.Audio;
using Parley.Models;
using Parley.Tensors;

namespace Parley.Training.Tests;

/// <summary>Families that are trained from nothing: they learn two words from tones, and what they leave is a model that anyone can open.</summary>
public sealed class SpeechTaskTests : IDisposable
{
    private const string Encoder = """
        "encoder_config": { "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "conv_kernel_size": 5, "num_mel_bins": 20,
          "subsampling": "striding", "subsampling_factor": 4, "subsampling_conv_channels": 8, "dropout": 0, "activation_dropout": 0, "attention_dropout": 0 }
        """;

    private readonly ToyData _data = new();

    public static TheoryData<string, string, FeatureNormalization> Families =>
    [
        ("conformer", $$"""{ "vocab_size": 17, "pad_token_id": 16, {{Encoder}} }""", FeatureNormalization.Corpus),
        ("conformer-transducer", $$"""{ "model_type": "parakeet_rnnt", "vocab_size": 17, "blank_token_id": 16, "decoder_hidden_size": 12, "num_decoder_layers": 1, {{Encoder}} }""", FeatureNormalization.Corpus),
        ("conformer-transducer", $$"""{ "model_type": "parakeet_tdt", "durations": [0, 1, 2], "vocab_size": 17, "blank_token_id": 16, "decoder_hidden_size": 12, "num_decoder_layers": 1, {{Encoder}} }""", FeatureNormalization.Utterance),
        ("ctc", """{ "model_type": "wav2vec2", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "conv_dim": [16, 16, 16], "conv_stride": [10, 4, 4], "conv_kernel": [20, 8, 4], "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2 }""", FeatureNormalization.Utterance),
    ];

    [Theory]
    [MemberData(nameof(Families))]
    public void It_learns_goes_on_from_what_it_left_and_the_recogniser_opens_that(string type, string sizes, FeatureNormalization normalize)
    {
        var config = Config(type, sizes, normalize, "run");
        string[] heard;
        using (var task = TaskCatalog.Create(config))
        {
            var (first, last) = Train(config, task);
            Assert.True(last < 0.7 * first, $"{type}: from {first} to {last}");
            heard = [.. Sounds().Select(s => task.Transcribe(s).Trim())];
        }

        // The same folder as a user opens it, and as the start of another run.
        var folder = _data.Path("run/model");
        using (var recognizer = SpeechRecognizer.Load(folder))
        {
            Assert.Equal(heard, Sounds().Select(s => recognizer.Transcribe(s, new TranscriptionOptions(SkipSpeechless: false), cancel: TestContext.Current.CancellationToken).Text));
        }

        using var again = TaskCatalog.Create(config with { Model = new ModelSettings(type, From: folder), Output = _data.Path("again") });
        Assert.Equal(heard, Sounds().Select(s => again.Transcribe(s).Trim()));
        Assert.Equal(["high", "low"], new[] { "high", "low" }.Select(t => Spelled(again, t)));
        Assert.Throws<InvalidDataException>(() => again.Encode("quite other"));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Its_loss_does_not_depend_on_who_else_is_in_the_batch(string type, string sizes, FeatureNormalization normalize)
    {
        // In training only batch norm knows the others: its statistics are frozen by a pass that is none.
        using var task = TaskCatalog.Create(Config(type, sizes, normalize, "run"));
        var examples = Sounds().Select((s, i) => task.Prepare($"{i}", s.Span, task.Encode(i % 2 == 0 ? "low" : "high"), random: null)).ToArray();
        using var scope = new TensorScope();
        double Sum(IReadOnlyList<TrainingExample> batch)
        {
            var loss = task.Loss(batch, null!);
            return loss.Mean.Scalar * loss.Weight;
        }

        Assert.Equal(examples.Sum(e => Sum([e])), Sum(examples), 1e-2);
    }

    [Fact]
    public void Pieces_and_features_are_learnt_once_in_a_run()
    {
        var (type, sizes) = ("conformer", $$"""{ "vocab_size": 17, "pad_token_id": 16, {{Encoder}} }""");
        var config = Config(type, sizes, FeatureNormalization.Corpus, "run");
        using (TaskCatalog.Create(config))
        {
        }

        var (tokenizer, features) = (File.ReadAllText(_data.Path("run/tokenizer.json")), File.ReadAllText(_data.Path("run/preprocessor_config.json")));
        using var json = JsonDocument.Parse(features);
        Assert.Equal(20, json.RootElement.GetProperty("normalize").GetProperty("fixed_mean").GetArrayLength());
        File.AppendAllLines(_data.Manifest, ["""{"audio_filepath": "0.wav", "text": "middle", "duration": 0.1}"""]);
        using var task = TaskCatalog.Create(config);
        Assert.Equal(tokenizer, File.ReadAllText(_data.Path("run/tokenizer.json")));
        Assert.Throws<InvalidDataException>(() => task.Encode("middle"));
    }

    [Fact]
    public void A_new_model_needs_sizes_and_a_known_family()
    {
        var config = Config("conformer", "{}", FeatureNormalization.Utterance, "run");
        foreach (var type in (string[])["conformer", "conformer-transducer", "ctc"])
        {
            Assert.Contains("\"from\"", Assert.Throws<InvalidDataException>(() => TaskCatalog.Create(config with { Model = new ModelSettings(type) })).Message, StringComparison.Ordinal);
        }

        Assert.Contains("conformer-transducer", Assert.Throws<InvalidDataException>(() => TaskCatalog.Create(config with { Model = new ModelSettings("rnn") })).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private TrainingConfig Config(string type, string sizes, FeatureNormalization normalize, string run)
    {
        using var json = JsonDocument.Parse(sizes);
        return _data.Config(run, steps: 60) with { Model = new ModelSettings(type, Config: json.RootElement.Clone(), Normalize: normalize), Average = 0, ValidateEvery = 60, CheckpointEvery = 60 };
    }

    private static (double First, double Last) Train(TrainingConfig config, ITrainingTask task)
    {
        var losses = new List<double>();
        using var trainer = new Trainer(config, task, new Losses(losses));
        trainer.Run(resume: false, TestContext.Current.CancellationToken);
        return (losses.Take(5).Average(), losses.TakeLast(5).Average());
    }

    private IEnumerable<ReadOnlyMemory<float>> Sounds() => Enumerable.Range(0, 6).Select(i => (ReadOnlyMemory<float>)AudioFile.LoadMono(_data.Path($"{i}.wav"), 16000, TestContext.Current.CancellationToken));

    private static string Spelled(ITrainingTask task, string text) => task.Encode(text).Length > 0 ? text : "";

    private sealed class Losses(List<double> losses) : ITrainingObserver
    {
        public void Stepped(StepReport report) => losses.Add(report.Loss);

        public void Validated(ValidationReport report)
        {
        }

        public void Told(string message)
        {
        }
    }
}
