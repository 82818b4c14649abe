using System.Text.Json;
using Parley.Models;

namespace Parley.Training.Tests;

/// <summary>An HMM-GMM is trained as the other families are: progress, metrics, validation, resuming.</summary>
public sealed class HmmGmmRunTests : IDisposable
{
    private readonly ToyData _data = new();

    [Fact]
    public void Passes_are_steps_and_the_best_model_is_kept()
    {
        var seen = new List<StepReport>();
        Run("run", new Silent(seen.Add));
        Assert.Equal(Enumerable.Range(1, 7).Select(i => (long)i), seen.Select(s => s.Step));
        Assert.True(seen[1].Loss < seen[0].Loss);
        var metrics = RunMetrics.Read(_data.Path("run"));
        Assert.Equal([3, 6, 7], metrics.Validations.Select(v => v.Step));
        Assert.Contains(metrics.Validations, v => v.IsBest && v.WordErrorRate == 0);
        Assert.Equal(["low", "high"], HmmGmm.Load(_data.Path("run/model")).Config.Words.Select(w => w.Text).OrderDescending());
        Assert.Contains("<svg", RunReport.Html(_data.Path("run")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_run_that_is_stopped_and_resumed_ends_with_the_same_model_and_metrics(int stopAt)
    {
        Run("whole", new Silent());
        using var stop = new CancellationTokenSource();
        var stopping = new Silent(r =>
        {
            if (r.Step == stopAt)
            {
                stop.Cancel();
            }
        });
        Assert.Throws<OperationCanceledException>(() => Run("parts", stopping, cancel: stop.Token));
        Assert.Contains(stopping.Messages, m => m.Contains("--resume", StringComparison.Ordinal));
        Assert.Throws<IOException>(() => Run("parts", new Silent()));
        Run("parts", new Silent(), resume: true);
        foreach (var name in (string[])["config.json", "model.safetensors"])
        {
            Assert.Equal(File.ReadAllBytes(_data.Path($"whole/model/{name}")), File.ReadAllBytes(_data.Path($"parts/model/{name}")));
        }

        Assert.Equal(Lines("whole"), Lines("parts"));
    }

    [Theory]
    [InlineData("""{"gausians": 4}""", 7, "gausians")]
    [InlineData("""{"units": "syllables"}""", 7, "model.config")]
    [InlineData("""{"units": "words", "gaussians": 4, "passesPerSplit": 3}""", 7, "steps is 7")]
    [InlineData("""{"units": "phones"}""", 99, "model.dictionary")]
    [InlineData("""{"units": "words", "wordStates": 0}""", 99, "WordStates is 0")]
    public void A_setting_that_cannot_be_is_named(string settings, int steps, string says)
    {
        var config = Config("run") with { Model = new ModelSettings(HmmGmmConfig.Type, Config: JsonDocument.Parse(settings).RootElement), Steps = steps };
        var error = Assert.ThrowsAny<Exception>(() => new HmmGmmRun(config, new Silent()));
        Assert.True(error is InvalidDataException or ArgumentException, error.ToString());
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_for_gradients_is_refused_and_a_word_without_phones_has_its_line()
    {
        Assert.Contains("schedule", Assert.Throws<InvalidDataException>(() => new HmmGmmRun(Config("run") with { Schedule = new ScheduleSettings() }, new Silent())).Message, StringComparison.Ordinal);
        File.WriteAllText(_data.Path("words.dict"), "low L OW\n");
        var config = Config("run") with { Model = new ModelSettings(HmmGmmConfig.Type, Dictionary: _data.Path("words.dict")), Steps = 99 };
        var error = Assert.Throws<InvalidDataException>(() => new HmmGmmRun(config, new Silent()));
        Assert.Contains("train.jsonl:2: the dictionary has no pronunciation of \"high\"", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private void Run(string run, ITrainingObserver observer, bool resume = false, CancellationToken cancel = default)
    {
        using var training = new HmmGmmRun(Config(run), observer);
        training.Run(resume, cancel);
    }

    private TrainingConfig Config(string run) => new(
        new ModelSettings(HmmGmmConfig.Type, Config: JsonDocument.Parse("""{"units": "words", "wordStates": 2, "silenceStates": 1, "gaussians": 4, "passesPerSplit": 2}""").RootElement),
        new DataSettings([_data.Manifest], [_data.Manifest]), _data.Path(run), Steps: 7, ValidateEvery: 3, CheckpointEvery: 2);

    private string[] Lines(string run) => [.. File.ReadLines(_data.Path($"{run}/metrics.jsonl")).Select(l => l.Split("\"speed\"")[0])];
}
