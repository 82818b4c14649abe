namespace Parley.Nn;

/// <summary>A tensor to be written: its type, its shape and its little-endian, row-major bytes.</summary>
/// <param name="Type">Type of the numbers in the bytes.</param>
/// <param name="Shape">Dimensions, outermost first; empty for a single number.</param>
/// <param name="Bytes">The numbers as they go into the file.</param>
public sealed record TensorData(StoredType Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>A float32 tensor.</summary>
    public static TensorData Of(ReadOnlySpan<float> values, params IReadOnlyList<long> shape) =>
        new(StoredType.F32, shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A tensor of 64-bit integers.</summary>
    public static TensorData Of(ReadOnlySpan<long> values, params IReadOnlyList<long> shape) =>
        new(StoredType.I64, shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).ToArray());
}
