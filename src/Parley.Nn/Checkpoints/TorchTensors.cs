using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Parley.Nn;

/// <summary>Finds the tensors in what a PyTorch file held, and shows the rest as JSON.</summary>
internal sealed class TorchTensors(string path, ByteRegion file, List<ByteRegion> regions)
{
    private const int MaxDepth = 32;

    private const int MaxValues = 100_000;

    private readonly OrderedDictionary<string, StoredTensor> _tensors = [];
    private long _copied;

    /// <summary>Adds the tensors of the state dictionary, wherever frameworks put it.</summary>
    public void Collect(object? root, OrderedDictionary<string, StoredTensor> tensors)
    {
        var state = FindState(root, depth: 0) ?? throw new InvalidDataException($"{path}: no dictionary of tensors in this file");
        Add(state, prefix: "", depth: 0);
        foreach (var (name, tensor) in _tensors)
        {
            tensors.Add(name, tensor);
        }
    }

    /// <summary>Everything but the tensors; read on demand, within bounds.</summary>
    public static JsonElement Extra(string path, object? root)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            var left = MaxValues;
            Write(path, json, root is PickleDict ? root : new PickleDict(), depth: 0, ref left);
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static PickleDict? FindState(object? value, int depth)
    {
        if (value is not PickleDict dictionary)
        {
            return null;
        }

        if (depth < 3)
        {
            foreach (var name in (string[])["state_dict", "model_state_dict", "model"])
            {
                if (FindState(dictionary[name], depth + 1) is { } found)
                {
                    return found;
                }
            }
        }

        return HasTensors(dictionary, depth: 0) ? dictionary : null;
    }

    private static bool HasTensors(PickleDict dictionary, int depth) =>
        dictionary.Items.Any(i => i.Value is TorchTensor)
        || (depth < 2 && dictionary.Items.Any(i => i.Value is PickleDict inner && HasTensors(inner, depth + 1)));

    private void Add(PickleDict dictionary, string prefix, int depth)
    {
        foreach (var (key, value) in dictionary.Items)
        {
            var name = $"{prefix}{key}";
            if (value is TorchTensor tensor && !_tensors.TryAdd(name, Store(name, tensor)))
            {
                throw new InvalidDataException($"{path}: two tensors are named {name}");
            }

            if (value is PickleDict inner && depth < 2)
            {
                Add(inner, $"{name}.", depth + 1);
            }
        }
    }

    private StoredTensor Store(string name, TorchTensor tensor)
    {
        var (type, size) = (tensor.Storage.Type, tensor.Storage.Type.Size());
        var region = tensor.Storage.Region ?? throw new InvalidDataException($"{path}: tensor {name} has no storage");
        if (tensor.Shape.Contains(0))
        {
            return new StoredTensor(name, type, tensor.Shape, region, tensor.Storage.Offset);
        }

        if (IsContiguous(tensor))
        {
            return new StoredTensor(name, type, tensor.Shape, region, tensor.Storage.Offset + tensor.Offset * size);
        }

        // Steps of zero repeat numbers, so that a small file can claim a huge tensor: the copies together are bounded by the file.
        var bytes = tensor.Shape.Aggregate((Int128)size, (product, dim) => Int128.Min(product * dim, long.MaxValue));
        var limit = 4 * (Int128)file.Length + (64 << 20);
        if (_copied + bytes > limit)
        {
            throw new InvalidDataException($"{path}: tensor {name} [{string.Join(", ", tensor.Shape)}] repeats its numbers far beyond the size of the file");
        }

        _copied += (long)bytes;
        var copy = ByteRegion.Allocate((long)bytes);
        regions.Add(copy);
        Gather(tensor, region, copy);
        return new StoredTensor(name, type, tensor.Shape, copy, offset: 0);
    }

    private static bool IsContiguous(TorchTensor tensor)
    {
        var step = 1L;
        for (var d = tensor.Shape.Length - 1; d >= 0; d--)
        {
            if (tensor.Shape[d] != 1 && tensor.Strides[d] != step)
            {
                return false;
            }

            step *= tensor.Shape[d];
        }

        return true;
    }

    private static unsafe void Gather(TorchTensor tensor, ByteRegion from, ByteRegion to)
    {
        var (shape, strides, size) = (tensor.Shape, tensor.Strides, tensor.Storage.Type.Size());
        var last = shape.Length - 1;
        var index = new long[shape.Length];
        var target = to.At(0);
        var source = from.At(tensor.Storage.Offset + tensor.Offset * size);
        for (var end = target + to.Length; target < end; target += shape[last] * size)
        {
            var row = source;
            for (var d = 0; d < last; d++)
            {
                row += index[d] * strides[d] * size;
            }

            switch (size)
            {
                case 1: GatherRow<byte>(row, target, shape[last], strides[last]); break;
                case 2: GatherRow<ushort>(row, target, shape[last], strides[last]); break;
                case 4: GatherRow<uint>(row, target, shape[last], strides[last]); break;
                default: GatherRow<ulong>(row, target, shape[last], strides[last]); break;
            }

            for (var d = last - 1; d >= 0 && ++index[d] == shape[d]; d--)
            {
                index[d] = 0;
            }
        }
    }

    private static unsafe void GatherRow<T>(byte* from, byte* to, long count, long stride)
        where T : unmanaged
    {
        for (var i = 0L; i < count; i++)
        {
            Unsafe.WriteUnaligned(to + i * sizeof(T), Unsafe.ReadUnaligned<T>(from + i * stride * sizeof(T)));
        }
    }

    private static void Write(string path, Utf8JsonWriter json, object? value, int depth, ref int left)
    {
        if (depth > MaxDepth || --left < 0)
        {
            throw new InvalidDataException($"{path}: the plain values of the file are nested or repeated too often to show");
        }

        switch (value)
        {
            case PickleDict dictionary:
                json.WriteStartObject();
                foreach (var (key, item) in dictionary.Items.Where(i => i.Value is not (TorchTensor or TorchStorage)))
                {
                    json.WritePropertyName(Text(key));
                    Write(path, json, item, depth + 1, ref left);
                }

                json.WriteEndObject();
                break;
            case PickleList or PickleTuple:
                json.WriteStartArray();
                foreach (var item in value is PickleList list ? list.Items : ((PickleTuple)value).Items)
                {
                    Write(path, json, item is TorchTensor or TorchStorage ? null : item, depth + 1, ref left);
                }

                json.WriteEndArray();
                break;
            case long number: json.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): json.WriteNumberValue(number); break;
            case bool truth: json.WriteBooleanValue(truth); break;
            case null: json.WriteNullValue(); break;
            default: json.WriteStringValue(Text(value)); break;
        }
    }

    private static string Text(object value) => value switch
    {
        string text => text,
        byte[] bytes => Convert.ToBase64String(bytes),
        PickleTuple tuple => string.Join(", ", tuple.Items.Take(8).Select(i => i is PickleTuple ? "…" : i?.ToString())),
        BigInteger or PickleGlobal or double or long or bool => value.ToString()!,
        _ => value.GetType() == typeof(NumpyType) ? ((NumpyType)value).Name : "",
    };
}
