using Parley.Models;

namespace Parley.Training;

/// <summary>The mean of a run's last checkpoints as a model, often better than any of them (Vaswani et al. 2017, §6.1).</summary>
public static class CheckpointAverage
{
    /// <summary>Writes the model.</summary>
    /// <param name="run">Folder of a run.</param>
    /// <param name="last">How many of its newest checkpoints.</param>
    /// <param name="folder">Where the model goes.</param>
    /// <returns>The steps of the checkpoints, newest first.</returns>
    /// <exception cref="InvalidDataException">The folder is no run, or has fewer checkpoints.</exception>
    public static IReadOnlyList<long> Write(string run, int last, string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(run);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, 1);
        var path = Path.Combine(run, "config.json");
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path}: no such file; give the folder of a training run");
        }

        var config = ConfigFile.Read(path);
        if (config.Model.Type == HmmGmmConfig.Type)
        {
            throw new InvalidDataException($"{run}: this is a run of an hmm-gmm, of whose checkpoints no mean can be taken");
        }

        using var task = TaskCatalog.Create(config);
        return Write(task, run, last, folder);
    }

    internal static IReadOnlyList<long> Write(ITrainingTask task, string run, int last, string folder)
    {
        var steps = new RunCheckpoints(Path.Combine(run, "checkpoints"), keep: last).Mean(task.Parameters, last);
        task.Save(folder);
        return steps;
    }
}
