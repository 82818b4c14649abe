using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Parley.Models.Tests;

/// <summary>Writes what <c>torch.save</c> writes for OpenAI's Whisper: a zip of a pickle (protocol 2) and one half-precision storage for each tensor.</summary>
internal static class TorchArchive
{
    /// <summary>Saves <c>{"dims": {…}, "model_state_dict": OrderedDict(…)}</c>.</summary>
    public static void Save(string path, IEnumerable<(string Name, int Value)> dims, IReadOnlyList<(string Name, int[] Shape, float[] Values)> tensors)
    {
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        Add(zip, "archive/data.pkl", Pickle(dims, tensors));
        Add(zip, "archive/version", "3\n"u8.ToArray());
        for (var i = 0; i < tensors.Count; i++)
        {
            Add(zip, $"archive/data/{i}", [.. tensors[i].Values.SelectMany(v => BitConverter.GetBytes((Half)v))]);
        }
    }

    private static void Add(ZipArchive zip, string name, byte[] bytes)
    {
        using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
        entry.Write(bytes);
    }

    private static byte[] Pickle(IEnumerable<(string Name, int Value)> dims, IReadOnlyList<(string Name, int[] Shape, float[] Values)> tensors)
    {
        using var stream = new MemoryStream();
        void Raw(string ascii) => stream.Write(Encoding.Latin1.GetBytes(ascii));
        void Int(int value)
        {
            Raw("J");
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            stream.Write(bytes);
        }

        void Text(string text)
        {
            Raw("X");
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, Encoding.UTF8.GetByteCount(text));
            stream.Write(bytes);
            stream.Write(Encoding.UTF8.GetBytes(text));
        }

        void Tuple(IEnumerable<int> values)
        {
            Raw("(");
            foreach (var value in values)
            {
                Int(value);
            }

            Raw("t");
        }

        Raw("\u0080\u0002}(");
        Text("dims");
        Raw("}(");
        foreach (var (name, value) in dims)
        {
            Text(name);
            Int(value);
        }

        Raw("u");
        Text("model_state_dict");
        Raw("ccollections\nOrderedDict\n)R(");
        for (var i = 0; i < tensors.Count; i++)
        {
            var (name, shape, values) = tensors[i];
            Text(name);
            Raw("ctorch._utils\n_rebuild_tensor_v2\n((");
            Text("storage");
            Raw("ctorch\nHalfStorage\n");
            Text($"{i}");
            Text("cpu");
            Int(values.Length);
            Raw("tQ");
            Int(0);
            Tuple(shape);
            Tuple(Enumerable.Range(0, shape.Length).Select(d => shape.Skip(d + 1).Aggregate(1, (a, b) => a * b)));
            Raw("\u0089ccollections\nOrderedDict\n)RtR");
        }

        Raw("uu.");
        return stream.ToArray();
    }
}
