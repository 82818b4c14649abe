namespace Parley.Training.Tests;

/// <summary>Several processes, played by threads, learn what one learns with their batches together.</summary>
public sealed class ParallelTrainingTests : IDisposable
{
    private readonly ToyData _data = new();

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(2, 2)]
    public void Several_processes_end_with_the_parameters_of_one_with_larger_steps(int count, int accumulate)
    {
        var alone = Alone("alone", count * accumulate);
        var together = Together("together", count, accumulate);
        Assert.All(together, values => Assert.All(values.Zip(alone), p => Assert.Equal(p.Second, p.First, 1e-5f)));
        Assert.All(together, values => Assert.Equal(together[0], values));
        Assert.NotEqual(Alone("other", 1 + (count * accumulate)), alone);
    }

    [Fact]
    public void The_first_process_alone_writes_and_its_numbers_are_those_of_all()
    {
        Alone("alone", 2);
        Together("together", 2, 1);
        var (alone, together) = (RunMetrics.Read(_data.Path("alone")), RunMetrics.Read(_data.Path("together")));
        Assert.Equal(alone.Steps.Select(s => (s.Step, s.Epoch, s.AudioSeconds)), together.Steps.Select(s => (s.Step, s.Epoch, s.AudioSeconds)));
        Assert.All(alone.Steps.Zip(together.Steps), p => Assert.Equal(p.First.Loss, p.Second.Loss, 1e-4));
        Assert.Equal(alone.Validations.Select(v => (v.Step, v.WordErrorRate, v.Utterances, v.IsBest)), together.Validations.Select(v => (v.Step, v.WordErrorRate, v.Utterances, v.IsBest)));
        Assert.True(File.Exists(_data.Path("together/model/model.txt")));
    }

    [Fact]
    public void A_run_of_several_processes_stops_together_and_resumes_to_the_same_parameters()
    {
        var whole = Together("whole", 2, 1);
        using var stop = new CancellationTokenSource();

        // The second process alone is asked; both stop.
        Assert.Throws<OperationCanceledException>(() => Train("parts", 2, 1, resume: false, (rank, step) => (rank, step) is (1, 7), stop));
        Assert.Contains(RunMetrics.Read(_data.Path("parts")).Steps, s => s.Step >= 7);
        Assert.Equal(whole, Train("parts", 2, 1, resume: true, (_, _) => false, stop: null));
    }

    [Fact]
    public void A_process_that_fails_ends_all()
    {
        using var threads = new Threads(2);
        var error = Assert.Throws<TrainingException>(() => threads.Run(all =>
        {
            using var task = new ToyTask { Heard = (_, x) => all.Rank == 1 ? [.. x.Select(_ => float.NaN)] : x };
            using var trainer = new Trainer(_data.Config("run"), task, new Silent(), all);
            trainer.Run(resume: false, TestContext.Current.CancellationToken);
        }));
        Assert.Contains("NaN", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private float[] Alone(string run, int accumulate)
    {
        using var task = new ToyTask();
        using var trainer = new Trainer(_data.Config(run) with { Accumulate = accumulate }, task, new Silent());
        trainer.Run(resume: false, TestContext.Current.CancellationToken);
        return task.Values();
    }

    private float[][] Together(string run, int count, int accumulate) => Train(run, count, accumulate, resume: false, (_, _) => false, stop: null);

    private float[][] Train(string run, int count, int accumulate, bool resume, Func<int, int, bool> stopsAt, CancellationTokenSource? stop)
    {
        var values = new float[count][];
        using var threads = new Threads(count);
        threads.Run(all =>
        {
            var steps = 0;
            using var task = new ToyTask();
            task.OnLoss = () =>
            {
                if (stopsAt(all.Rank, ++steps))
                {
                    stop!.Cancel();
                }
            };
            using var trainer = new Trainer(_data.Config(run) with { Accumulate = accumulate }, task, new Silent(), all);
            trainer.Run(resume, all.Rank == 1 && stop is not null ? stop.Token : CancellationToken.None);
            values[all.Rank] = task.Values();
        });
        return values;
    }
}
