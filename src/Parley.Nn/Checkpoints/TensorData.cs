using System.Runtime.InteropServices;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>A tensor to be written to a file: its type, its shape, and what writes its numbers when their turn comes.</summary>
public sealed class TensorData
{
    private readonly Action<Stream> _write;

    /// <summary>Numbers that are made or read while the file is written, so that they need not be in memory together.</summary>
    /// <param name="type">Type of the stored numbers.</param>
    /// <param name="shape">Dimensions, outermost first; empty for a single number.</param>
    /// <param name="write">Writes the little-endian, row-major bytes, just so many as type and shape say, in any number of pieces.</param>
    public TensorData(StoredType type, IReadOnlyList<long> shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(write);
        (Type, Shape, _write) = (type, [.. shape], write);
        var size = (Int128)type.Size();
        foreach (var dim in Shape)
        {
            size = dim >= 0 && size <= long.MaxValue ? size * dim : throw new ArgumentException($"tensor {this}: dimensions must be 0 or more, and small enough for a file");
        }

        ByteCount = size <= long.MaxValue ? (long)size : throw new ArgumentException($"tensor {this} is larger than any file can be");
    }

    /// <summary>Numbers whose bytes are at hand.</summary>
    public TensorData(StoredType type, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes)
        : this(type, shape, file => file.Write(bytes.Span))
    {
        if (bytes.Length != ByteCount)
        {
            throw new ArgumentException($"tensor {this} has {ByteCount} bytes, but {bytes.Length} are given");
        }
    }

    /// <summary>Type of the stored numbers.</summary>
    public StoredType Type { get; }

    /// <summary>Dimensions, outermost first; empty for a single number.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Size in the file.</summary>
    public long ByteCount { get; }

    /// <summary>A float32 tensor with a copy of these numbers.</summary>
    public static TensorData Of(ReadOnlySpan<float> values, params IReadOnlyList<long> shape) => new(StoredType.F32, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A tensor with a copy of these 64-bit integers.</summary>
    public static TensorData Of(ReadOnlySpan<long> values, params IReadOnlyList<long> shape) => new(StoredType.I64, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A contiguous tensor as it is when the file is written; nothing is copied before.</summary>
    public static TensorData Of(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return new TensorData(StoredType.F32, [.. tensor.Shape.Dims.ToArray().Select(d => (long)d)], file =>
        {
            file.Write(MemoryMarshal.AsBytes(tensor.Values));
            GC.KeepAlive(tensor);
        });
    }

    /// <summary>Type and shape.</summary>
    public override string ToString() => $"{Type.SafetensorsName()} [{string.Join(", ", Shape)}]";

    internal void WriteTo(Stream file) => _write(file);
}
