using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Parley.Nn;

/// <summary>Writes safetensors files.</summary>
public static class SafetensorsFile
{
    /// <summary>Writes a file all at once or not at all: beside the target under another name, flushed to the disk, then renamed.</summary>
    public static void Write(string path, IEnumerable<KeyValuePair<string, TensorData>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Widest elements first, as the reference writer does, so that every tensor is aligned to its element.
        KeyValuePair<string, TensorData>[] ordered = [.. tensors.OrderByDescending(t => t.Value.Type.Size()).ThenBy(t => t.Key, StringComparer.Ordinal)];
        var header = Header(ordered, metadata);
        var full = Path.GetFullPath(path);
        var temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                Span<byte> length = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
                file.Write(length);
                file.Write(header);
                foreach (var (_, tensor) in ordered)
                {
                    file.Write(tensor.Bytes.Span);
                }

                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static byte[] Header(KeyValuePair<string, TensorData>[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(Safetensors.MetadataKey);
                foreach (var (key, value) in metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            var at = 0L;
            var names = new HashSet<string>();
            foreach (var (name, tensor) in tensors)
            {
                Check(name, tensor, isNew: names.Add(name));
                json.WriteStartObject(name);
                json.WriteString("dtype", tensor.Type.SafetensorsName());
                WriteNumbers(json, "shape", tensor.Shape);
                WriteNumbers(json, "data_offsets", [at, at + tensor.Bytes.Length]);
                json.WriteEndObject();
                at += tensor.Bytes.Length;
            }

            json.WriteEndObject();
        }

        // Blanks round the header up, so that the data starts at a multiple of 8 bytes.
        var header = new byte[(buffer.WrittenCount + 7) / 8 * 8];
        buffer.WrittenSpan.CopyTo(header);
        header.AsSpan(buffer.WrittenCount).Fill((byte)' ');
        return header.Length <= Safetensors.MaxHeader
            ? header
            : throw new ArgumentException($"{tensors.Length} tensors need a header of {header.Length} bytes; the format allows {Safetensors.MaxHeader}");
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    private static void Check(string name, TensorData tensor, bool isNew)
    {
        var size = (Int128)tensor.Type.Size();
        foreach (var dim in tensor.Shape)
        {
            size = dim >= 0 ? Int128.Min(size * dim, long.MaxValue) : throw new ArgumentException($"tensor {name} has dimension {dim}");
        }

        if (!isNew || name == Safetensors.MetadataKey || size != tensor.Bytes.Length)
        {
            throw new ArgumentException(
                $"tensor {name} {tensor.Type.SafetensorsName()} [{string.Join(", ", tensor.Shape)}] does not fit its {tensor.Bytes.Length} bytes, or its name is taken");
        }
    }
}
