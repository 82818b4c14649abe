using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Parley.Nn;

/// <summary>One tensor of a checkpoint, still in the file's own bytes and type; row-major and contiguous.</summary>
public sealed class StoredTensor
{
    private const int ReadBytes = 256 << 10;

    private readonly ByteRegion _region;
    private readonly long _offset;

    internal StoredTensor(string name, StoredType type, long[] shape, ByteRegion region, long offset)
    {
        (Name, Type, Shape, _region, _offset) = (name, type, shape, region, offset);
        Count = 1;
        foreach (var dim in shape)
        {
            Count = checked(Count * dim);
        }

        ByteCount = checked(Count * type.Size());
        if (offset < 0 || offset > region.Length - ByteCount)
        {
            throw new InvalidDataException($"tensor {name} lies outside its file");
        }
    }

    /// <summary>Name in the checkpoint.</summary>
    public string Name { get; }

    /// <summary>Type of the stored numbers.</summary>
    public StoredType Type { get; }

    /// <summary>Dimensions, outermost first; empty for a single number.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>How many numbers there are.</summary>
    public long Count { get; }

    /// <summary>Size in bytes as stored.</summary>
    public long ByteCount { get; }

    /// <summary>Address of the first byte, valid until the checkpoint is disposed; whoever keeps it must keep the checkpoint too.</summary>
    public unsafe nint Address => (nint)_region.At(_offset);

    /// <summary>Whether the address is a multiple of the element's size; files may place tensors at any byte.</summary>
    public bool IsAligned => Address % Type.Size() == 0;

    /// <summary>All bytes as stored, straight from the file; for tensors of less than 2 GiB.</summary>
    public ReadOnlySpan<byte> Bytes => ByteCount <= Array.MaxLength
        ? _region.Span(_offset, (int)ByteCount)
        : throw new InvalidOperationException($"tensor {Name} has {ByteCount} bytes, more than a span holds; use CopyTo in pieces");

    /// <summary>Copies stored bytes from a byte position on; for tensors of any size.</summary>
    public void CopyBytesTo(long start, Span<byte> destination)
    {
        CheckRange(start, destination.Length, ByteCount);
        _region.Span(_offset + start, destination.Length).CopyTo(destination);
    }

    /// <summary>Converts all numbers to float32.</summary>
    public void CopyTo(Span<float> destination)
    {
        CheckWhole(destination.Length);
        CopyTo(start: 0, destination);
    }

    /// <summary>Converts as many numbers as fit in the destination to float32, from a position on; for tensors of any size.</summary>
    public void CopyTo(long start, Span<float> destination)
    {
        CheckRange(start, destination.Length, Count);
        var size = Type.Size();
        var step = Array.MaxLength / 8;
        for (var done = 0; done < destination.Length; done += step)
        {
            var n = Math.Min(step, destination.Length - done);
            NumberConversion.ToSingle(Type, _region.Span(_offset + (start + done) * size, n * size), destination.Slice(done, n));
        }

        GC.KeepAlive(_region);
    }

    /// <summary>The same as <see cref="CopyTo(long, Span{float})"/>, but by reading the file, so that no mapped pages stay in memory for numbers that are needed once.</summary>
    public void ReadTo(long start, Span<float> destination)
    {
        CheckRange(start, destination.Length, Count);
        var size = Type.Size();
        if (Type == StoredType.F32)
        {
            const int Most = 1 << 28;
            for (var done = 0; done < destination.Length; done += Most)
            {
                var part = destination.Slice(done, Math.Min(Most, destination.Length - done));
                _region.Read(_offset + ((start + done) * size), MemoryMarshal.AsBytes(part));
            }

            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        var step = ReadBytes / size;
        for (var done = 0; done < destination.Length; done += step)
        {
            var n = Math.Min(step, destination.Length - done);
            var bytes = buffer.AsSpan(0, n * size);
            _region.Read(_offset + ((start + done) * size), bytes);
            NumberConversion.ToSingle(Type, bytes, destination.Slice(done, n));
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Converts all numbers of an integer tensor to 64-bit integers.</summary>
    public void CopyTo(Span<long> destination)
    {
        CheckWhole(destination.Length);
        if (Type is StoredType.F64 or StoredType.F32 or StoredType.F16 or StoredType.BF16)
        {
            throw new InvalidDataException($"tensor {Name} is {Type.SafetensorsName()} where integers are needed");
        }

        NumberConversion.ToInt64(Type, Bytes, destination);
        GC.KeepAlive(_region);
    }

    /// <summary>All numbers as a new float32 array, row-major.</summary>
    public float[] ToSingles()
    {
        var values = new float[CheckedLength()];
        CopyTo(values);
        return values;
    }

    /// <summary>All numbers of an integer tensor as a new array, row-major.</summary>
    public long[] ToIntegers()
    {
        var values = new long[CheckedLength()];
        CopyTo(values);
        return values;
    }

    /// <summary>Name, type and shape on one line.</summary>
    public override string ToString() =>
        $"{Name} {Type.SafetensorsName()} [{string.Join(", ", Shape.Select(d => d.ToString(CultureInfo.InvariantCulture)))}]";

    /// <summary>The same bytes under another name.</summary>
    internal StoredTensor Renamed(string name) => new(name, Type, [.. Shape], _region, _offset);

    private int CheckedLength() => Count <= Array.MaxLength / 8
        ? (int)Count
        : throw new InvalidOperationException($"tensor {Name} has {Count} numbers, more than an array holds; use CopyTo in pieces");

    private void CheckWhole(int length)
    {
        if (length != Count)
        {
            throw new ArgumentException($"tensor {Name} has {Count} numbers but the destination takes {length}");
        }
    }

    private void CheckRange(long start, int length, long count)
    {
        if (start < 0 || start > count - length)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"tensor {Name} has {count} values; {start} to {start + length} is outside");
        }
    }
}
