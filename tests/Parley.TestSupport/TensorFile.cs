using System.Text.Json;

namespace Parley.TestSupport;

/// <summary>A plain reader of safetensors fixtures, independent of the library's own.</summary>
public sealed class TensorFile
{
    private readonly Dictionary<string, (string Type, int[] Shape, byte[] Data)> _tensors = [];

    /// <summary>Reads a whole file.</summary>
    public TensorFile(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var header = (int)BitConverter.ToInt64(bytes, 0);
        using var json = JsonDocument.Parse(bytes.AsMemory(8, header));
        foreach (var entry in json.RootElement.EnumerateObject().Where(e => e.Name != "__metadata__"))
        {
            var offsets = entry.Value.GetProperty("data_offsets");
            var (start, end) = (offsets[0].GetInt32(), offsets[1].GetInt32());
            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32())];
            _tensors[entry.Name] = (entry.Value.GetProperty("dtype").GetString()!, shape, bytes[(8 + header + start)..(8 + header + end)]);
        }
    }

    /// <summary>Names in the file.</summary>
    public IEnumerable<string> Names => _tensors.Keys;

    /// <summary>Whether the file has this tensor.</summary>
    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>Shape of one tensor.</summary>
    public int[] Shape(string name) => _tensors[name].Shape;

    /// <summary>Values of a float32 tensor.</summary>
    public float[] Floats(string name)
    {
        var (type, _, data) = _tensors[name];
        if (type != "F32")
        {
            throw new InvalidDataException($"{name} is {type}, not F32");
        }

        var values = new float[data.Length / 4];
        Buffer.BlockCopy(data, 0, values, 0, data.Length);
        return values;
    }

    /// <summary>Values of an integer tensor.</summary>
    public long[] Integers(string name)
    {
        var (type, _, data) = _tensors[name];
        return type switch
        {
            "I64" => [.. Enumerable.Range(0, data.Length / 8).Select(i => BitConverter.ToInt64(data, i * 8))],
            "I32" => [.. Enumerable.Range(0, data.Length / 4).Select(i => (long)BitConverter.ToInt32(data, i * 4))],
            "U8" or "BOOL" => [.. data.Select(b => (long)b)],
            _ => throw new InvalidDataException($"{name} is {type}, not an integer type"),
        };
    }
}
