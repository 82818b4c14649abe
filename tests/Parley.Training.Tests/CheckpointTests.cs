using Parley.Nn;

namespace Parley.Training.Tests;

/// <summary>Checkpoints are averaged, and what killed runs leave is taken away.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly ToyData _data = new();

    [Fact]
    public void The_average_is_the_mean_of_the_last_checkpoints()
    {
        Train(keep: 3);
        using var task = new ToyTask(seed: 5);
        Assert.Equal([30, 28, 24], CheckpointAverage.Write(task, _data.Path("run"), 3, _data.Path("average")));
        var expected = task.Parameters.Select(p => new double[p.Shape.Count]).ToArray();
        foreach (var step in (int[])[24, 28, 30])
        {
            using var checkpoint = Checkpoint.Open(_data.Path($"run/checkpoints/step-{step:D8}.safetensors"));
            foreach (var (index, parameter) in task.Parameters.Index())
            {
                foreach (var (i, value) in checkpoint.Tensors["model." + parameter.Name].ToSingles().Index())
                {
                    expected[index][i] += value / 3.0;
                }
            }
        }

        Assert.All(expected.SelectMany(e => e).Zip(task.Values()), p => Assert.Equal(p.First, p.Second, 1e-6));
        Assert.Equal(string.Join(",", task.Values()), File.ReadAllText(_data.Path("average/model.txt")));
    }

    [Fact]
    public void More_checkpoints_than_there_are_cannot_be_averaged()
    {
        Train(keep: 2);
        using var task = new ToyTask();
        var error = Assert.Throws<InvalidDataException>(() => CheckpointAverage.Write(task, _data.Path("run"), 3, _data.Path("average")));
        Assert.Contains("2 checkpoints are there, not 3", error.Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => CheckpointAverage.Write(_data.Path("nothing"), 3, _data.Path("average")));
        Assert.False(Directory.Exists(_data.Path("average")));
    }

    [Fact]
    public void What_a_killed_run_left_half_written_is_gone_after_the_next_start()
    {
        Train(keep: 2);
        string[] left = ["checkpoints/step-00000031.safetensors.0123456789abcdef.tmp", "model/model.safetensors.0123456789abcdef.tmp", "model/config.json.part"];
        foreach (var name in left)
        {
            File.WriteAllText(_data.Path($"run/{name}"), "half");
        }

        using var task = new ToyTask();
        using var trainer = new Trainer(_data.Config("run"), task, new Silent());
        trainer.Run(resume: true, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(left, name => File.Exists(_data.Path($"run/{name}")));
        Assert.True(File.Exists(_data.Path("run/model/model.txt")));
    }

    public void Dispose() => _data.Dispose();

    private void Train(int keep)
    {
        using var task = new ToyTask();
        using var trainer = new Trainer(_data.Config("run") with { KeepCheckpoints = keep }, task, new Silent());
        trainer.Run(resume: false, TestContext.Current.CancellationToken);
    }
}
