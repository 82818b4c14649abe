using System.Globalization;
using System.Text.Json;
using Parley.Models;

namespace Parley.Training;

/// <summary>The checkpoints of an HMM-GMM run: for each a folder with the model that the next pass begins with, there whole or not at all.</summary>
internal sealed class HmmGmmCheckpoints(string folder, int keep)
{
    private const string State = "state.json";
    private const string Unfinished = ".tmp";

    /// <summary>The newest checkpoint; null when there is none.</summary>
    internal (RunState State, HmmGmm? Model)? Newest()
    {
        if (Passes() is not [.., var newest])
        {
            return null;
        }

        try
        {
            return (RunState.FromJson(File.ReadAllText(Path.Combine(newest, State))), HmmGmm.Load(newest));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{Path.Combine(newest, State)}: the state of the run cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes a checkpoint, then takes old ones and unfinished ones away.</summary>
    internal void Save(RunState state, HmmGmm model)
    {
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"pass-{state.Step:D8}"));
        if (Directory.Exists(folder))
        {
            foreach (var left in Directory.EnumerateDirectories(folder, "*" + Unfinished))
            {
                Directory.Delete(left, recursive: true);
            }
        }

        model.Save(path + Unfinished);
        File.WriteAllText(Path.Combine(path + Unfinished, State), state.ToJson());
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        Directory.Move(path + Unfinished, path);
        foreach (var old in Passes().SkipLast(keep))
        {
            Directory.Delete(old, recursive: true);
        }
    }

    private string[] Passes() => Directory.Exists(folder)
        ? [.. Directory.EnumerateDirectories(folder, "pass-*").Where(p => !p.EndsWith(Unfinished, StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
        : [];
}
