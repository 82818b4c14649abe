using System.Text.Json;
using Parley.Nn;

namespace Parley.Models;

/// <summary>A fixture folder: inputs, what the reference made of them, and how close is close enough.</summary>
internal sealed class Fixture : IDisposable
{
    private Fixture(ModelFolder folder, string name, Checkpoint inputs, Checkpoint expectedFile, IReadOnlyList<ExpectedTensor> expected)
    {
        (Folder, Name, Inputs, ExpectedFile, Expected) = (folder, name, inputs, expectedFile, expected);
    }

    /// <summary>The folder.</summary>
    public ModelFolder Folder { get; }

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
                return new Fixture(folder, name, inputs, file, Read(folder, tensors, file));
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
            expected.Add(new ExpectedTensor(name, file[name], Number(entry.Value, "atol"), Number(entry.Value, "rtol")));
        }

        return expected;

        static double Number(JsonElement tensor, string key) =>
            tensor.TryGetProperty(key, out var number) && number.ValueKind == JsonValueKind.Number ? number.GetDouble() : 0;
    }
}
