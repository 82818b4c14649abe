using System.Text.Json;
using Parley.TestSupport;

namespace Parley.Nn.Tests;

/// <summary>A fixture of losses, compared at its own tolerances.</summary>
internal sealed class LossGolden
{
    private readonly TensorFile _inputs;
    private readonly TensorFile _expected;
    private readonly Dictionary<string, (float Absolute, float Relative)> _tolerances;

    internal LossGolden(string name)
    {
        var folder = Goldens.Folder(name);
        (_inputs, _expected) = (new TensorFile(Path.Combine(folder, "inputs.safetensors")), new TensorFile(Path.Combine(folder, "expected.safetensors")));
        using var fixture = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "fixture.json")));
        _tolerances = fixture.RootElement.GetProperty("tensors").EnumerateObject()
            .Where(t => t.Value.TryGetProperty("atol", out _))
            .ToDictionary(t => t.Name, t => (t.Value.GetProperty("atol").GetSingle(), t.Value.GetProperty("rtol").GetSingle()));
    }

    internal float[] Floats(string name) => _inputs.Floats(name);

    internal int[] Shape(string name) => _inputs.Shape(name);

    internal int[] Integers(string name) => [.. _inputs.Integers(name).Select(i => (int)i)];

    /// <summary>Rows of a padded table, cut to their lengths.</summary>
    internal int[][] Rows(string name, string lengths)
    {
        var (all, width) = (Integers(name), Shape(name)[1]);
        return [.. Integers(lengths).Select((n, i) => all.AsSpan(i * width, n).ToArray())];
    }

    internal void Same(string name, ReadOnlySpan<float> actual)
    {
        var (absolute, relative) = _tolerances[$"expected/{name}"];
        Expect.Close(actual, _expected.Floats(name), relative, absolute, name);
    }

    internal void Same(string name, ReadOnlySpan<double> actual)
    {
        var values = new float[actual.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)actual[i];
        }

        Same(name, values);
    }
}
