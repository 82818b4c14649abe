using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parley.Nn;

/// <summary>Stored numbers to float32 and to 64-bit integers.</summary>
internal static class NumberConversion
{
    public static void ToSingle(StoredType type, ReadOnlySpan<byte> from, Span<float> to)
    {
        switch (type)
        {
            case StoredType.F32: from.CopyTo(MemoryMarshal.AsBytes(to)); break;
            case StoredType.F16: FromHalf(MemoryMarshal.Cast<byte, ushort>(from), to); break;
            case StoredType.BF16: FromBFloat16(MemoryMarshal.Cast<byte, ushort>(from), to); break;
            case StoredType.F64: FromDouble(MemoryMarshal.Cast<byte, double>(from), to); break;
            case StoredType.I32: FromInt32(MemoryMarshal.Cast<byte, int>(from), to); break;
            case StoredType.I8: FromInt8(MemoryMarshal.Cast<byte, sbyte>(from), to); break;
            case StoredType.U8 or StoredType.Bool: FromUInt8(from, to); break;
            case StoredType.I16: Each(MemoryMarshal.Cast<byte, short>(from), to); break;
            case StoredType.U16: Each(MemoryMarshal.Cast<byte, ushort>(from), to); break;
            case StoredType.U32: Each(MemoryMarshal.Cast<byte, uint>(from), to); break;
            case StoredType.I64: Each(MemoryMarshal.Cast<byte, long>(from), to); break;
            case StoredType.U64: Each(MemoryMarshal.Cast<byte, ulong>(from), to); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "not a stored type");
        }
    }

    public static void ToInt64(StoredType type, ReadOnlySpan<byte> from, Span<long> to)
    {
        switch (type)
        {
            case StoredType.I64: from.CopyTo(MemoryMarshal.AsBytes(to)); break;
            case StoredType.U64: Each(MemoryMarshal.Cast<byte, ulong>(from), to); break;
            case StoredType.I32: Each(MemoryMarshal.Cast<byte, int>(from), to); break;
            case StoredType.U32: Each(MemoryMarshal.Cast<byte, uint>(from), to); break;
            case StoredType.I16: Each(MemoryMarshal.Cast<byte, short>(from), to); break;
            case StoredType.U16: Each(MemoryMarshal.Cast<byte, ushort>(from), to); break;
            case StoredType.I8: Each(MemoryMarshal.Cast<byte, sbyte>(from), to); break;
            case StoredType.U8 or StoredType.Bool: Each(from, to); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "not an integer type");
        }
    }

    // [h0 h1 … h(2n-1)] of 16 bits widens to [h0 … h(n-1)] and [h(n) … h(2n-1)] of 32; the exponent is rebiased by a
    // multiplication with 2^112, which also normalises subnormal halves; infinities and NaN get their exponent by hand.
    private static void FromHalf(ReadOnlySpan<ushort> from, Span<float> to)
    {
        var i = 0;
        for (; i <= from.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(Load(from, i), out var low, out var high);
            WidenHalf(low).CopyTo(to[i..]);
            WidenHalf(high).CopyTo(to[(i + Vector<float>.Count)..]);
        }

        for (; i < from.Length; i++)
        {
            to[i] = WidenHalf(new Vector<uint>(from[i]))[0];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> WidenHalf(Vector<uint> h)
    {
        var magnitude = (h & new Vector<uint>(0x7fffu)) << 13;
        var sign = (h & new Vector<uint>(0x8000u)) << 16;
        var finite = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) * new Vector<float>(5.192296858534828e33f)); // 2^112
        var special = magnitude | new Vector<uint>(0x7f800000u);
        var isSpecial = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x0f800000u));
        return Vector.AsVectorSingle(Vector.ConditionalSelect(isSpecial, special, finite) | sign);
    }

    private static void FromBFloat16(ReadOnlySpan<ushort> from, Span<float> to)
    {
        var i = 0;
        for (; i <= from.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(Load(from, i), out var low, out var high);
            Vector.AsVectorSingle(low << 16).CopyTo(to[i..]);
            Vector.AsVectorSingle(high << 16).CopyTo(to[(i + Vector<float>.Count)..]);
        }

        for (; i < from.Length; i++)
        {
            to[i] = BitConverter.UInt32BitsToSingle((uint)from[i] << 16);
        }
    }

    private static void FromDouble(ReadOnlySpan<double> from, Span<float> to)
    {
        var i = 0;
        for (; i <= from.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Narrow(Load(from, i), Load(from, i + Vector<double>.Count)).CopyTo(to[i..]);
        }

        for (; i < from.Length; i++)
        {
            to[i] = (float)from[i];
        }
    }

    private static void FromInt32(ReadOnlySpan<int> from, Span<float> to)
    {
        var i = 0;
        for (; i <= from.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector.ConvertToSingle(Load(from, i)).CopyTo(to[i..]);
        }

        Each(from[i..], to[i..]);
    }

    private static void FromInt8(ReadOnlySpan<sbyte> from, Span<float> to)
    {
        var (i, n) = (0, Vector<float>.Count);
        for (; i <= from.Length - Vector<sbyte>.Count; i += Vector<sbyte>.Count)
        {
            Vector.Widen(Load(from, i), out var low, out var high);
            Vector.Widen(low, out var a, out var b);
            Vector.Widen(high, out var c, out var d);
            Vector.ConvertToSingle(a).CopyTo(to[i..]);
            Vector.ConvertToSingle(b).CopyTo(to[(i + n)..]);
            Vector.ConvertToSingle(c).CopyTo(to[(i + 2 * n)..]);
            Vector.ConvertToSingle(d).CopyTo(to[(i + 3 * n)..]);
        }

        Each(from[i..], to[i..]);
    }

    private static void FromUInt8(ReadOnlySpan<byte> from, Span<float> to)
    {
        var (i, n) = (0, Vector<float>.Count);
        for (; i <= from.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(Load(from, i), out var low, out var high);
            Vector.Widen(low, out var a, out var b);
            Vector.Widen(high, out var c, out var d);
            Vector.ConvertToSingle(Vector.AsVectorInt32(a)).CopyTo(to[i..]);
            Vector.ConvertToSingle(Vector.AsVectorInt32(b)).CopyTo(to[(i + n)..]);
            Vector.ConvertToSingle(Vector.AsVectorInt32(c)).CopyTo(to[(i + 2 * n)..]);
            Vector.ConvertToSingle(Vector.AsVectorInt32(d)).CopyTo(to[(i + 3 * n)..]);
        }

        Each(from[i..], to[i..]);
    }

    // The source may start at any byte of a file.
    private static Vector<T> Load<T>(ReadOnlySpan<T> from, int at)
        where T : unmanaged => Unsafe.ReadUnaligned<Vector<T>>(in Unsafe.As<T, byte>(ref Unsafe.AsRef(in from.Slice(at, Vector<T>.Count)[0])));

    private static void Each<T, TTo>(ReadOnlySpan<T> from, Span<TTo> to)
        where T : unmanaged, INumberBase<T>
        where TTo : unmanaged, INumberBase<TTo>
    {
        for (var i = 0; i < from.Length; i++)
        {
            to[i] = TTo.CreateTruncating(from[i]);
        }
    }
}
