namespace Parley.Training.Tests;

/// <summary>The loop on a toy: it learns, it resumes bit by bit, it says what is wrong.</summary>
public sealed class TrainerTests : IDisposable
{
    private readonly ToyData _data = new();

    [Fact]
    public void A_run_learns_validates_and_leaves_its_model()
    {
        using var task = new ToyTask();
        var seen = new Recorder();
        using (var trainer = new Trainer(_data.Config("run", steps: 150), task, seen))
        {
            trainer.Run(resume: false);
        }

        Assert.True(seen.Steps[^1].Loss < 0.5 * seen.Steps[0].Loss, $"{seen.Steps[0].Loss} to {seen.Steps[^1].Loss}");
        Assert.Equal(0, seen.Validations[^1].WordErrorRate);
        Assert.Equal(10, seen.Validations.Count);
        Assert.True(File.Exists(_data.Path("run/model/model.txt")));
        Assert.Equal(160, File.ReadLines(_data.Path("run/metrics.jsonl")).Count());
        Assert.Equal(["step-00000148.safetensors", "step-00000150.safetensors"], Directory.EnumerateFiles(_data.Path("run/checkpoints")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(17)]
    public void A_run_that_is_stopped_and_resumed_ends_with_the_same_parameters_and_metrics(int stopAt)
    {
        var whole = Run("whole", new ToyTask(), stopAt: null, resume: false);
        Assert.Throws<OperationCanceledException>(() => Run("parts", new ToyTask(), stopAt, resume: false));
        var parts = Run("parts", new ToyTask(seed: 99), stopAt: null, resume: true);
        Assert.Equal(whole, parts);
        Assert.Equal(Losses("whole"), Losses("parts"));
    }

    [Fact]
    public void A_run_that_dies_resumes_from_its_last_checkpoint_to_the_same_parameters()
    {
        var whole = Run("whole", new ToyTask(), stopAt: null, resume: false);
        Assert.Throws<TimeoutException>(() => Run("parts", new ToyTask(), dieAt: 11));
        Assert.Equal(whole, Run("parts", new ToyTask(seed: 99), stopAt: null, resume: true));
        Assert.Equal(Losses("whole"), Losses("parts"));
    }

    [Fact]
    public void Two_small_batches_make_the_step_of_one_large()
    {
        var config = _data.Config("large", steps: 1) with { Augment = null, Average = 0, Schedule = new ScheduleSettings(Rate: 1e-2) };
        var seconds = ManifestEntry.Read(_data.Manifest).Select(e => e.Duration!.Value).ToArray();
        var count = EpochPlan.Batches(seconds, config.Data.BatchSeconds, (ulong)config.Seed, epoch: 0, sorted: false).Count;
        Assert.True(count > 2);
        float[] Train(TrainingConfig c)
        {
            using var task = new ToyTask { Dropout = 0 };
            using var trainer = new Trainer(c, task, new Recorder());
            trainer.Run(resume: false);
            return task.Values();
        }

        var large = Train(config with { Data = config.Data with { BatchSeconds = 1000 } });
        var small = Train(config with { Output = _data.Path("small"), Accumulate = count });
        Assert.All(large.Zip(small), p => Assert.Equal(p.First, p.Second, 1e-4f));
        Assert.NotEqual(large, new ToyTask().Values());
    }

    [Fact]
    public void A_loss_that_is_no_number_names_the_utterances()
    {
        using var task = new ToyTask { Heard = (where, x) => where.EndsWith(":7", StringComparison.Ordinal) ? [.. x.Select(_ => float.NaN)] : x };
        using var trainer = new Trainer(_data.Config("run"), task, new Recorder());
        var error = Assert.Throws<TrainingException>(() => trainer.Run(resume: false));
        Assert.Contains("train.jsonl:7", error.Message, StringComparison.Ordinal);
        Assert.Contains("NaN", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_runs_away_stops_the_run()
    {
        using var task = new ToyTask();
        var config = _data.Config("run", steps: 2000) with { Optimizer = new OptimizerSettings(OptimizerKind.Sgd, Clip: 0), Schedule = new ScheduleSettings(Nn.ScheduleKind.Polynomial, 1e-2, Warmup: 0, Power: -40), Average = 0 };
        using var trainer = new Trainer(config, task, new Recorder());
        Assert.Throws<TrainingException>(() => trainer.Run(resume: false));
    }

    [Fact]
    public void A_second_run_does_not_overwrite_the_first()
    {
        Run("run", new ToyTask(), stopAt: null, resume: false);
        using var task = new ToyTask();
        using var trainer = new Trainer(_data.Config("run"), task, new Recorder());
        Assert.Contains("--resume", Assert.Throws<IOException>(() => trainer.Run(resume: false)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"audio_filepath": "0.wav", "text": "middle", "duration": 0.1}""", "neither low nor high")]
    [InlineData("""{"audio_filepath": "none.wav", "text": "low", "duration": 0.1}""", "no such file")]
    [InlineData("""{"audio_filepath": "0.wav", "text": "low"}""", "duration")]
    [InlineData("""{"audio_filepath": "0.wav", "text": "low", "duration": 0}""", "outside")]
    [InlineData("""{"audio_filepath": "0.wav", "text": "low", "duration": 7200}""", "outside")]
    [InlineData("""{"audio_filepath": "0.wav"}""", "text")]
    public void Bad_lines_are_named_before_the_first_step(string line, string says)
    {
        File.AppendAllLines(_data.Manifest, [line]);
        using var task = new ToyTask();
        var error = Assert.ThrowsAny<IOException>(() => Translate(() => new Trainer(_data.Config("run"), task, new Recorder())));
        Assert.Contains("train.jsonl:41", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_data.Path("run")));
    }

    [Fact]
    public void An_empty_manifest_is_an_error()
    {
        File.WriteAllText(_data.Manifest, "\n");
        using var task = new ToyTask();
        Assert.Contains("no lines", Assert.Throws<InvalidDataException>(() => new Trainer(_data.Config("run"), task, new Recorder())).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private static void Translate(Func<Trainer> make)
    {
        try
        {
            make().Dispose();
        }
        catch (InvalidDataException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private float[] Run(string run, ToyTask task, int? stopAt = null, bool resume = false, int? dieAt = null)
    {
        using (task)
        {
            using var stop = new CancellationTokenSource();
            var seen = new Recorder(r =>
            {
                if (r.Step == dieAt)
                {
                    throw new TimeoutException();
                }

                if (r.Step == stopAt)
                {
                    stop.Cancel();
                }
            });
            using var trainer = new Trainer(_data.Config(run), task, seen);
            trainer.Run(resume, stop.Token);
            return task.Values();
        }
    }

    private string[] Losses(string run) => [.. File.ReadLines(_data.Path($"{run}/metrics.jsonl")).Select(l => l.Split("\"speed\"")[0])];

    private sealed class Recorder(Action<StepReport>? onStep = null) : ITrainingObserver
    {
        public List<StepReport> Steps { get; } = [];

        public List<ValidationReport> Validations { get; } = [];

        public void Stepped(StepReport report)
        {
            Steps.Add(report);
            onStep?.Invoke(report);
        }

        public void Validated(ValidationReport report) => Validations.Add(report);

        public void Told(string message)
        {
        }
    }
}
