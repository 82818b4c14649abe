using System.Numerics;
using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>A 16-bit float code: how to read and write it, singly and in pairs that share 32 bits.</summary>
internal interface IHalfCode
{
    /// <summary>Whether pairs may hold codes that <see cref="Decode(Vector{uint}, out Vector{float}, out Vector{float})"/> gets wrong.</summary>
    static abstract bool HasSpecial { get; }

    static abstract float Decode(ushort code);

    static abstract ushort Encode(float value);

    /// <summary>Reads the lower (even k) and upper (odd k) half of each 32 bits.</summary>
    static abstract void Decode(Vector<uint> pairs, out Vector<float> even, out Vector<float> odd);

    /// <summary>Nonzero where a code is special.</summary>
    static abstract Vector<short> Special(Vector<uint> pairs);
}

/// <summary>bfloat16: 1 sign, 8 exponent, 7 fraction bits.</summary>
internal readonly struct BFloat16Code : IHalfCode
{
    public static bool HasSpecial => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(ushort code) => BitConverter.UInt32BitsToSingle((uint)code << 16);

    /// <summary>To the nearest, ties to even; finite values only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Encode(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode(Vector<uint> pairs, out Vector<float> even, out Vector<float> odd)
    {
        even = Vector.AsVectorSingle(pairs << 16);
        odd = Vector.AsVectorSingle(pairs & new Vector<uint>(0xFFFF0000));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<short> Special(Vector<uint> pairs) => default;
}

/// <summary>IEEE binary16: 1 sign, 5 exponent, 10 fraction bits.</summary>
/// <remarks>
/// The 15 low bits moved under float32's exponent are the value times 2⁻¹¹², subnormals included, so one exact multiplication decodes
/// everything but infinities and NaN, which are looked for on the side.
/// </remarks>
internal readonly struct Float16Code : IHalfCode
{
    private const uint Kept = 0x8FFFE000;

    public static bool HasSpecial => true;

    private static Vector<float> Rescale => new(5.192296858534828e33f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(ushort code) => (float)BitConverter.UInt16BitsToHalf(code);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Encode(float value) => BitConverter.HalfToUInt16Bits((Half)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode(Vector<uint> pairs, out Vector<float> even, out Vector<float> odd)
    {
        var mask = new Vector<int>(unchecked((int)Kept));
        var signed = Vector.AsVectorInt32(pairs);
        even = Vector.AsVectorSingle(((signed << 16) >> 3) & mask) * Rescale;
        odd = Vector.AsVectorSingle((signed >> 3) & mask) * Rescale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<short> Special(Vector<uint> pairs) =>
        Vector.GreaterThan(Vector.AsVectorInt16(pairs) & new Vector<short>(0x7FFF), new Vector<short>(0x7BFF));
}
