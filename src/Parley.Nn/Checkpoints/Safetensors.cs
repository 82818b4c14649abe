using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace Parley.Nn;

/// <summary>Reads the header of a safetensors file and checks every rule of the format.</summary>
/// <remarks>Format: huggingface/safetensors README.md; the list of errors is that of safetensors/src/tensor.rs.</remarks>
internal static class Safetensors
{
    public const string MetadataKey = "__metadata__";

    public const long MaxHeader = 100_000_000;

    /// <summary>Whether a file starts as one: a plausible header length, then an opening brace.</summary>
    public static bool Looks(ByteRegion file) =>
        file.Length >= 9 && file.Span(8, 1)[0] == (byte)'{' && HeaderLength(file) is > 1 and <= MaxHeader;

    /// <summary>Adds the file's tensors and metadata to the given dictionaries.</summary>
    public static void Read(string path, ByteRegion file, OrderedDictionary<string, StoredTensor> tensors, Dictionary<string, string> metadata)
    {
        if (file.Length < 8)
        {
            throw Bad(path, $"{file.Length} bytes are too few for a safetensors file; download or copy it again");
        }

        var length = HeaderLength(file);
        if (length > MaxHeader)
        {
            throw Bad(path, $"the header says it has {length} bytes, over the limit of {MaxHeader}; this is not a safetensors file, or it is damaged");
        }

        if (length > (ulong)(file.Length - 8))
        {
            throw Bad(path, $"the header says it has {length} bytes but the file has only {file.Length - 8} more; download or copy it again");
        }

        var header = file.Span(8, (int)length);
        if (header.IsEmpty || header[0] != (byte)'{' || !Utf8.IsValid(header))
        {
            throw Bad(path, "the header is not JSON in UTF-8; this is not a safetensors file, or it is damaged");
        }

        try
        {
            ReadHeader(path, header, file, 8 + (long)length, tensors, metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: the header is not valid JSON: {e.Message}", e);
        }
    }

    private static ulong HeaderLength(ByteRegion file) => BinaryPrimitives.ReadUInt64LittleEndian(file.Span(0, 8));

    private static void ReadHeader(
        string path, ReadOnlySpan<byte> header, ByteRegion file, long dataStart, OrderedDictionary<string, StoredTensor> tensors, Dictionary<string, string> metadata)
    {
        var reader = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 8 });
        var pieces = new List<(long Begin, long End, string Name)>();
        var seenMetadata = false;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == MetadataKey)
            {
                if (seenMetadata)
                {
                    throw Bad(path, "the header has two __metadata__ entries");
                }

                seenMetadata = true;
                ReadMetadata(path, ref reader, metadata);
                continue;
            }

            var (type, shape, begin, end) = ReadEntry(path, name, ref reader);
            if (tensors.ContainsKey(name))
            {
                throw Bad(path, $"tensor {name} appears twice");
            }

            CheckSize(path, name, type, shape, begin, end, file.Length - dataStart);
            tensors.Add(name, new StoredTensor(name, type, shape, file, dataStart + begin));
            pieces.Add((begin, end, name));
        }

        // Anything but blanks after the object is an error of the JSON reader.
        while (reader.Read())
        {
        }

        CheckContiguous(path, pieces, file.Length - dataStart);
    }

    private static void ReadMetadata(string path, ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad(path, "__metadata__ is not an object of strings");
        }

        var own = new HashSet<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw Bad(path, $"__metadata__ entry {key} is not a string");
            }

            if (!own.Add(key))
            {
                throw Bad(path, $"__metadata__ entry {key} appears twice");
            }

            metadata[key] = reader.GetString()!;
        }
    }

    private static (StoredType Type, long[] Shape, long Begin, long End) ReadEntry(string path, string name, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad(path, $"the entry of tensor {name} is not an object");
        }

        StoredType? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString();
            reader.Read();
            switch (key)
            {
                case "dtype" when type is null && reader.TokenType == JsonTokenType.String:
                    var stored = reader.GetString();
                    type = StoredTypes.FromSafetensors(stored)
                        ?? throw Bad(path, $"tensor {name} has type {stored}, which Parley does not read; convert the checkpoint to F32, F16 or BF16");
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(path, name, ref reader);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(path, name, ref reader);
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw Bad(path, $"{key} of tensor {name} is given twice or is of the wrong kind");
                default:
                    reader.Skip();
                    break;
            }
        }

        return type is null || shape is null || offsets is not { Length: 2 }
            ? throw Bad(path, $"the entry of tensor {name} needs dtype, shape and two data_offsets")
            : (type.Value, shape, offsets[0], offsets[1]);
    }

    private static long[] ReadNumbers(string path, string name, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Bad(path, $"shape and data_offsets of tensor {name} must be lists of whole numbers");
        }

        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
            {
                throw Bad(path, $"shape and data_offsets of tensor {name} must be lists of whole numbers");
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static void CheckSize(string path, string name, StoredType type, long[] shape, long begin, long end, long available)
    {
        if (end < begin)
        {
            throw Bad(path, $"tensor {name} ends at byte {end}, before its start at {begin}");
        }

        if (end > available)
        {
            throw Bad(path, $"tensor {name} ends at byte {end} but the file has {available} bytes of data; download or copy it again");
        }

        Int128 size = type.Size();
        foreach (var dim in shape)
        {
            // Both factors are below 2^63, so the product fits; it is cut back before the next one.
            size = Int128.Min(size * dim, long.MaxValue);
        }

        // A zero dimension after an overflow is still an overflow, as in the reference.
        if (size != end - begin || Overflows(type, shape))
        {
            throw Bad(path, $"tensor {name} {type.SafetensorsName()} [{string.Join(", ", shape)}] needs another size than its {end - begin} bytes");
        }
    }

    private static bool Overflows(StoredType type, long[] shape)
    {
        Int128 size = type.Size();
        foreach (var dim in shape)
        {
            size *= dim;
            if (size > long.MaxValue)
            {
                return true;
            }
        }

        return false;
    }

    private static void CheckContiguous(string path, List<(long Begin, long End, string Name)> pieces, long available)
    {
        pieces.Sort();
        var at = 0L;
        foreach (var (begin, end, name) in pieces)
        {
            if (begin != at)
            {
                throw Bad(path, $"tensor {name} starts at byte {begin} where {at} was expected: tensors may neither overlap nor leave gaps");
            }

            at = end;
        }

        if (at != available)
        {
            throw Bad(path, $"the tensors end at byte {at} but the file has {available} bytes of data; download or copy it again");
        }
    }

    private static InvalidDataException Bad(string path, string what) => new($"{path}: {what}");
}
