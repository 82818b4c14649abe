using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Parley.Nn;

/// <summary>Writes safetensors files of any size, one tensor after another.</summary>
public static class SafetensorsFile
{
    private const int Alignment = 64;

    /// <summary>Writes a file all at once or not at all: beside the target under another name, flushed to the disk, then renamed.</summary>
    /// <param name="path">The file; one that is there is replaced, and stays as it is when anything goes wrong.</param>
    /// <param name="tensors">Tensors by name. Their numbers are asked for one tensor after another, widest types first, then by name.</param>
    /// <param name="metadata">Texts by name, kept beside the tensors.</param>
    /// <remarks>A process that is killed meanwhile leaves a file <c>path.….tmp</c> behind and nothing else.</remarks>
    public static void Write(string path, IEnumerable<KeyValuePair<string, TensorData>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);

        // Widest elements first, as the reference writer does, so that every tensor is aligned to its element.
        KeyValuePair<string, TensorData>[] ordered = [.. tensors.OrderByDescending(t => t.Value.Type.Size()).ThenBy(t => t.Key, StringComparer.Ordinal)];
        var header = Header(ordered, metadata);
        var full = Path.GetFullPath(path);
        var temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                Span<byte> length = stackalloc byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
                file.Write(length);
                file.Write(header);
                foreach (var (name, tensor) in ordered)
                {
                    var start = file.Position;
                    tensor.WriteTo(file);
                    if (file.Position - start != tensor.ByteCount)
                    {
                        throw new InvalidOperationException($"tensor {name} {tensor} has {tensor.ByteCount} bytes, but {file.Position - start} were written");
                    }
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
            var names = new HashSet<string>(StringComparer.Ordinal) { Safetensors.MetadataKey };
            foreach (var (name, tensor) in tensors)
            {
                if (!names.Add(name))
                {
                    throw new ArgumentException($"two tensors have the name {name}, or it is the format's own");
                }

                json.WriteStartObject(name);
                json.WriteString("dtype", tensor.Type.SafetensorsName());
                WriteNumbers(json, "shape", tensor.Shape);
                var end = checked(at + tensor.ByteCount);
                WriteNumbers(json, "data_offsets", [at, end]);
                json.WriteEndObject();
                at = end;
            }

            json.WriteEndObject();
        }

        // Blanks round the header up, so that the first tensor starts where vectors like to be read.
        var header = new byte[((buffer.WrittenCount + sizeof(long) + Alignment - 1) / Alignment * Alignment) - sizeof(long)];
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
}
