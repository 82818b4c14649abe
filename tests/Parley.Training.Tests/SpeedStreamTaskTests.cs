using System.Text.Json;
using Parley.Audio;
using Parley.Models;
using Parley.Nn;

namespace Parley.Training.Tests;

/// <summary>A SpeedStream learns to tell high tones from low ones, and streams what it has learnt.</summary>
public sealed class SpeedStreamTaskTests : IDisposable
{
    private readonly ToyData _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void It_learns_measures_its_bands_and_leaves_a_model_that_streams()
    {
        var config = Config(steps: 200);
        using var task = new SpeedStreamTask(config);
        var seen = new LastValidation();
        using (var trainer = new Trainer(config, task, seen))
        {
            trainer.Run(resume: false);
        }

        Assert.InRange(seen.WordErrorRate, 0, 0.1);
        using var recognizer = StreamingRecognizer.Load(_data.Path("run/model"));
        using var session = recognizer.Start(new StreamingOptions(Gate: () => new EnergyVadStream()));
        var (high, low) = (AudioFile.LoadMono(_data.Path("1.wav")), AudioFile.LoadMono(_data.Path("0.wav")));
        float[] pause = new float[16_000];
        StreamingEvent[] events = [.. session.Feed([.. pause, .. high, .. pause, .. low, .. pause]), .. session.Finish()];
        Assert.Equal(["high", "low"], events.Where(e => e.Kind == StreamingEventKind.Final).Select(e => e.Text));

        using var json = JsonDocument.Parse(File.ReadAllText(_data.Path("run/model/config.json")));
        var bands = SpeedStreamConfig.Parse(json.RootElement);
        Assert.Equal((80, 80), (bands.FeatureMean!.Count, bands.FeatureDeviation!.Count));
        Assert.All(bands.FeatureMean, m => Assert.InRange(m, -16.7f, 5));
    }

    [Fact]
    public void What_an_utterance_becomes_depends_on_its_seed_alone()
    {
        using var task = new SpeedStreamTask(Config(steps: 1));
        var samples = AudioFile.LoadMono(_data.Path("0.wav"));
        TrainingExample Prepare(ulong? seed) => task.Prepare("x:1", samples, [1], seed is { } s ? new TrainingPass(s) : null);
        Assert.Equal(Prepare(3).Features, Prepare(3).Features);
        Assert.NotEqual(Prepare(3).Features, Prepare(4).Features);
        Assert.Equal(0, Prepare(null).Frames % 8);
        Assert.Equal(80 * Prepare(3).Frames, Prepare(3).Features.Length);
    }

    private sealed class LastValidation : ITrainingObserver
    {
        public double WordErrorRate { get; private set; } = 1;

        public void Stepped(StepReport report)
        {
        }

        public void Validated(ValidationReport report) => WordErrorRate = report.WordErrorRate;

        public void Told(string message)
        {
        }
    }

    private TrainingConfig Config(int steps)
    {
        const string sizes = """{"vocab_size": 11, "pad_token_id": 10, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64, "attention_window": 16, "dropout": 0}""";
        using var json = JsonDocument.Parse(sizes);
        return _data.Config("run", steps) with
        {
            Model = new ModelSettings(SpeedStreamConfig.Type, Config: json.RootElement.Clone()),
            Data = new DataSettings([_data.Manifest], [_data.Manifest], BatchSeconds: 3),
            Schedule = new ScheduleSettings(Rate: 3e-3, Warmup: 10),
            ValidateEvery = 100,
            CheckpointEvery = 100,
        };
    }
}
