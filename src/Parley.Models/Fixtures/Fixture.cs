using System.Text.Json;
using Parley.Nn;

namespace Parley.Models;

/// <summary>A fixture folder: inputs, what the reference made of them, and how close is close enough.</summary>
internal sealed class Fixture : IDisposable
{
    private Fixture(ModelFolder folder, ModelFolder model, string name, Checkpoint inputs, Checkpoint expectedFile, IReadOnlyList<ExpectedTensor> expected)
    {
        (Folder, Model, Name, Inputs, ExpectedFile, Expected) = (folder, model, name, inputs, expectedFile, expected);
    }

    /// <summary>The folder.</summary>
    public ModelFolder Folder { get; }

    /// <summary>The folder of the model: a neighbour where fixture.json says <c>starts_from</c>.</summary>
    public ModelFolder Model { get; }

    /// <summary>Name in fixture.json.</summary>
    public string Name { get; }

    /// <summary>What goes in.</summary>
    public Checkpoint Inputs { get; }

    /// <summary>What should come out, in the order of fixture.json.</summary>
    public IReadOnlyList<ExpectedTensor> Expected { get; }

    private Checkpoint ExpectedFile { get; }

    /// <summary>Opens a folder.</summary>
    public static Fixture Open(string path)
    {
        var folder = new ModelFolder(path);
        using var json = folder.Json("fixture.json");
        if (!json.RootElement.TryGetProperty("tensors", out var tensors) || tensors.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"{folder["fixture.json"]}: no object \"tensors\"");
        }

        var name = json.RootElement.TryGetProperty("name", out var n) && n.ValueKind == JsonValueKind.String ? n.GetString()! : System.IO.Path.GetFileName(path);
        var inputs = Checkpoint.Open(folder["inputs.safetensors"]);
        try
        {
            var file = Checkpoint.Open(folder["expected.safetensors"]);
            try
            {
                return new Fixture(folder, ModelOf(folder, json.RootElement), name, inputs, file, Read(folder, tensors, file));
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch
        {
            inputs.Dispose();
            throw;
        }
    }

    /// <summary>Unmaps the files.</summary>
    public void Dispose()
    {
        Inputs.Dispose();
        ExpectedFile.Dispose();
    }

    private static ModelFolder ModelOf(ModelFolder folder, JsonElement json)
    {
        if (!json.TryGetProperty("starts_from", out var start) || start.ValueKind != JsonValueKind.String)
        {
            return folder;
        }

        var name = start.GetString()!;
        return name.Length > 0 && name == System.IO.Path.GetFileName(name) && name != ".."
            ? new ModelFolder(System.IO.Path.Combine(folder.Path, "..", name))
            : throw new InvalidDataException($"{folder["fixture.json"]}: starts_from \"{name}\" is not the name of a neighbouring folder");
    }

    private static List<ExpectedTensor> Read(ModelFolder folder, JsonElement tensors, Checkpoint file)
    {
        const string prefix = "expected/";
        var expected = new List<ExpectedTensor>();
        foreach (var entry in tensors.EnumerateObject().Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (entry.Value.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException($"{folder["fixture.json"]}: {entry.Name} is no object");
            }

            var name = entry.Name[prefix.Length..];
            var what = entry.Value.TryGetProperty("what", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";
            expected.Add(new ExpectedTensor(name, file[name], Number(entry.Value, "atol"), Number(entry.Value, "rtol"), what));
        }

        return expected;

        static double Number(JsonElement tensor, string key) =>
            tensor.TryGetProperty(key, out var number) && number.ValueKind == JsonValueKind.Number ? number.GetDouble() : 0;
    }
}
