using System.Globalization;
using System.Text.Json;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>The checkpoints of a run: one file each, there whole or not at all, the newest few kept.</summary>
internal sealed class RunCheckpoints(string folder, int keep)
{
    private const string Model = "model.";
    private const string Average = "average.";
    private const string Optimizer = "optimizer.";
    private const string StateKey = "state";
    private const string StepsKey = "optimizer_steps";

    /// <summary>Saved steps, newest first.</summary>
    internal IReadOnlyList<long> Steps() => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "step-*.safetensors")
            .Select(f => long.TryParse(Path.GetFileNameWithoutExtension(f)["step-".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1)
            .Where(step => step >= 0)
            .OrderDescending()]
        : [];

    /// <summary>Writes everything, then takes old checkpoints away.</summary>
    internal void Save(RunState state, IReadOnlyList<Parameter> parameters, Optimizer optimizer, WeightAverage? average)
    {
        Directory.CreateDirectory(folder);
        List<KeyValuePair<string, TensorData>> tensors = [];
        foreach (var parameter in parameters.Where(p => p.Tensor is { IsParameter: true } || p.IsBuffer))
        {
            tensors.Add(new(Model + parameter.Name, Data(parameter.Tensor!)));
        }

        foreach (var (name, tensor) in optimizer.State)
        {
            tensors.Add(new(Optimizer + name, Data(tensor)));
        }

        foreach (var (name, tensor) in average?.Values ?? [])
        {
            tensors.Add(new(Average + name, Data(tensor)));
        }

        var metadata = new Dictionary<string, string> { [StateKey] = state.ToJson(), [StepsKey] = optimizer.Steps.ToString(CultureInfo.InvariantCulture) };
        SafetensorsFile.Write(PathOf(state.Step), tensors, metadata);
        foreach (var old in Steps().Skip(keep))
        {
            File.Delete(PathOf(old));
        }
    }

    /// <summary>Takes away what killed runs have left half written.</summary>
    internal static void Clean(string folder)
    {
        foreach (var left in Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Where(f => Path.GetExtension(f) is ".tmp" or ".part").ToArray() : [])
        {
            File.Delete(left);
        }
    }

    /// <summary>Puts the mean of the newest checkpoints into the parameters.</summary>
    /// <returns>Their steps, newest first.</returns>
    internal IReadOnlyList<long> Mean(IReadOnlyList<Parameter> parameters, int last)
    {
        var steps = Steps().Take(last).ToArray();
        if (steps.Length < last)
        {
            throw new InvalidDataException($"{folder}: {steps.Length} checkpoints are there, not {last}; a run keeps \"keepCheckpoints\" of them");
        }

        var open = new List<Checkpoint>();
        try
        {
            open.AddRange(steps.Select(s => Checkpoint.Open(PathOf(s))));
            foreach (var parameter in parameters.Where(p => p.Tensor is { IsParameter: true } || p.IsBuffer))
            {
                var sum = new double[checked((int)parameter.Shape.Count)];
                foreach (var (checkpoint, step) in open.Zip(steps))
                {
                    Read(checkpoint, PathOf(step), Model + parameter.Name, parameter.Tensor!);
                    var values = parameter.Tensor!.Values;
                    for (var i = 0; i < sum.Length; i++)
                    {
                        sum[i] += values[i];
                    }
                }

                parameter.Tensor!.Fill(Array.ConvertAll(sum, s => (float)(s / last)));
            }
        }
        finally
        {
            open.ForEach(c => c.Dispose());
        }

        return steps;
    }

    /// <summary>Puts the newest checkpoint back; null when there is none.</summary>
    internal RunState? Restore(IReadOnlyList<Parameter> parameters, Optimizer optimizer, WeightAverage? average)
    {
        if (Steps() is not [var newest, ..])
        {
            return null;
        }

        var path = PathOf(newest);
        using var checkpoint = Checkpoint.Open(path);
        foreach (var parameter in parameters.Where(p => p.Tensor is { IsParameter: true } || p.IsBuffer))
        {
            Read(checkpoint, path, Model + parameter.Name, parameter.Tensor!);
        }

        foreach (var (name, tensor) in average?.Values ?? [])
        {
            Read(checkpoint, path, Average + name, tensor);
        }

        var state = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        using var scope = new TensorScope();
        foreach (var (name, stored) in checkpoint.Tensors.Where(t => t.Key.StartsWith(Optimizer, StringComparison.Ordinal)))
        {
            state[name[Optimizer.Length..]] = Tensor.From(stored.ToSingles(), Shape.Create([.. stored.Shape.Select(d => checked((int)d))]), Backend.Default);
        }

        if (!checkpoint.Metadata.TryGetValue(StateKey, out var json) || !checkpoint.Metadata.TryGetValue(StepsKey, out var steps)
            || !long.TryParse(steps, NumberStyles.None, CultureInfo.InvariantCulture, out var taken))
        {
            throw new InvalidDataException($"{path}: not a checkpoint of a training run");
        }

        optimizer.Restore(taken, state);
        try
        {
            return RunState.FromJson(json);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: its state cannot be read: {e.Message}", e);
        }
    }

    private string PathOf(long step) => Path.Combine(folder, $"step-{step:D8}.safetensors");

    private static TensorData Data(Tensor tensor) => TensorData.Of(tensor.Values, tensor.Shape.Dims.ToArray().Select(d => (long)d).ToArray());

    private static void Read(Checkpoint checkpoint, string path, string name, Tensor target)
    {
        if (!checkpoint.Tensors.TryGetValue(name, out var stored) || !stored.Shape.SequenceEqual(target.Shape.Dims.ToArray().Select(d => (long)d)))
        {
            throw new InvalidDataException($"{path}: no {name} of shape {target.Shape}; the run was started with another model or other settings");
        }

        target.Fill(stored.ToSingles());
    }
}
