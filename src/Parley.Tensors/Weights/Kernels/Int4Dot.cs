using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors;

// A pair of groups of 32 weights shares 32 bytes: the low nibbles are the first group, the high ones the second, each raised by 8.
//
//   byte i of a pair:  [ w[32 + i] + 8 | w[i] + 8 ]

/// <summary>Rows of 4-bit groups: choosing scales, packing, and dot products with int8 inputs.</summary>
internal static unsafe class Int4Dot
{
    internal const int Group = 32;
    internal const int Pair = 2 * Group;

    /// <summary>Inputs that <see cref="Four"/> multiplies at once.</summary>
    internal const int Inputs = 4;

    private const int Raise = 8;
    private const int Limit = 7;

    // Codes per largest magnitude that are tried for each group; negative ones give the largest value the code −8.
    private static ReadOnlySpan<float> Reaches => [7f, 7.5f, 6.5f, -8f, -7.5f];

    /// <summary>Encodes the 32 values of a group into <paramref name="codes"/> 0…15; returns its scale as bfloat16.</summary>
    /// <remarks>The scale is the one of a few candidates that leaves the smallest squared error.</remarks>
    internal static ushort Encode(float* values, byte* codes)
    {
        var extreme = 0f;
        for (var i = 0; i < Group; i++)
        {
            extreme = Math.Abs(values[i]) > Math.Abs(extreme) ? values[i] : extreme;
        }

        var (best, least) = ((ushort)0, float.PositiveInfinity);
        foreach (var reach in Reaches)
        {
            var scale = BFloat16Code.Encode((reach > 0 ? Math.Abs(extreme) : extreme) / reach);
            var inverse = 1 / BFloat16Code.Decode(scale);
            if (!float.IsFinite(inverse))
            {
                continue;
            }

            var error = Error(values, BFloat16Code.Decode(scale), inverse);
            (best, least) = error < least ? (scale, error) : (best, least);
        }

        var factor = best == 0 ? 0 : 1 / BFloat16Code.Decode(best);
        for (var i = 0; i < Group; i++)
        {
            codes[i] = (byte)(Math.Clamp(Int8Quantiser.Round(values[i], factor), -Raise, Limit) + Raise);
        }

        return best;
    }

    /// <summary>Writes the 64 values of a pair of groups.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Decode(byte* packed, ushort* scales, float* target)
    {
        var (first, second) = (BFloat16Code.Decode(scales[0]), BFloat16Code.Decode(scales[1]));
        for (var i = 0; i < Group; i += 16)
        {
            var codes = Vector128.Load(packed + i);
            Spread((codes & Vector128.Create((byte)15)).AsSByte(), first, target + i);
            Spread((codes >>> 4).AsSByte(), second, target + Group + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(Vector128<sbyte> codes, float scale, float* target)
    {
        var (low, high) = Vector128.Widen(codes - Vector128.Create((sbyte)Raise));
        var (a, b) = Vector128.Widen(low);
        var (c, d) = Vector128.Widen(high);
        (Vector128.ConvertToSingle(a) * scale).Store(target);
        (Vector128.ConvertToSingle(b) * scale).Store(target + 4);
        (Vector128.ConvertToSingle(c) * scale).Store(target + 8);
        (Vector128.ConvertToSingle(d) * scale).Store(target + 12);
    }

    /// <summary>What the raised codes add to each int32 lane of a group's sum, with the sign turned: −8 times the sum of four inputs.</summary>
    internal static void Corrections(sbyte* x, int length, int* target)
    {
        for (var i = 0; i < length / 4; i++)
        {
            target[i] = -Raise * (x[4 * i] + x[(4 * i) + 1] + x[(4 * i) + 2] + x[(4 * i) + 3]);
        }
    }

    /// <summary>x · w over <paramref name="pairs"/> pairs of groups, in units of the input's scale.</summary>
    internal static float One(sbyte* x, int* corrections, byte* w, ushort* scales, int pairs) =>
        Avx2.IsSupported ? One256(x, corrections, w, scales, pairs) : One128(x, w, scales, pairs);

    /// <summary>sums[i] = x[i] · w for four inputs, so that codes and scales are read once for all; corrections lie a quarter as far apart as inputs.</summary>
    internal static void Four(sbyte* x0, sbyte* x1, sbyte* x2, sbyte* x3, int* c0, int* c1, int* c2, int* c3, byte* w, ushort* scales, int pairs, float* sums)
    {
        if (Avx2.IsSupported)
        {
            Four256(x0, x1, x2, x3, c0, c1, c2, c3, w, scales, pairs, sums);
            return;
        }

        sums[0] = One128(x0, w, scales, pairs);
        sums[1] = One128(x1, w, scales, pairs);
        sums[2] = One128(x2, w, scales, pairs);
        sums[3] = One128(x3, w, scales, pairs);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four256(sbyte* x0, sbyte* x1, sbyte* x2, sbyte* x3, int* c0, int* c1, int* c2, int* c3, byte* w, ushort* scales, int pairs, float* sums)
    {
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        var nibble = Vector256.Create((byte)15);
        for (nint p = 0; p < pairs; p++)
        {
            var codes = Vector256.Load(w + (p * Group));
            var low = codes & nibble;
            var high = (codes.AsUInt16() >> 4).AsByte() & nibble;
            var first = Vector256.Create(BFloat16Code.Decode(scales[2 * p]));
            a0 = Add256(a0, low, x0 + (p * Pair), c0 + (p * Pair / 4), first);
            a1 = Add256(a1, low, x1 + (p * Pair), c1 + (p * Pair / 4), first);
            a2 = Add256(a2, low, x2 + (p * Pair), c2 + (p * Pair / 4), first);
            a3 = Add256(a3, low, x3 + (p * Pair), c3 + (p * Pair / 4), first);
            var second = Vector256.Create(BFloat16Code.Decode(scales[(2 * p) + 1]));
            b0 = Add256(b0, high, x0 + (p * Pair) + Group, c0 + (p * Pair / 4) + 8, second);
            b1 = Add256(b1, high, x1 + (p * Pair) + Group, c1 + (p * Pair / 4) + 8, second);
            b2 = Add256(b2, high, x2 + (p * Pair) + Group, c2 + (p * Pair / 4) + 8, second);
            b3 = Add256(b3, high, x3 + (p * Pair) + Group, c3 + (p * Pair / 4) + 8, second);
        }

        sums[0] = Vector256.Sum(a0 + b0);
        sums[1] = Vector256.Sum(a1 + b1);
        sums[2] = Vector256.Sum(a2 + b2);
        sums[3] = Vector256.Sum(a3 + b3);
    }

    // One group: its eight integer sums become floats, are scaled and added up.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add256(Vector256<float> sum, Vector256<byte> codes, sbyte* x, int* corrections, Vector256<float> scale)
    {
        var fours = Vector256.Load(corrections) + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(codes, Vector256.Load(x)), Vector256<short>.One);
        return Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(fours), scale, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float One256(sbyte* x, int* corrections, byte* w, ushort* scales, int pairs)
    {
        Vector256<float> first = default, second = default;
        var nibble = Vector256.Create((byte)15);
        for (var p = 0; p < pairs; p++)
        {
            var codes = Vector256.Load(w);
            first = Add256(first, codes & nibble, x, corrections, Vector256.Create(BFloat16Code.Decode(scales[0])));
            second = Add256(second, (codes.AsUInt16() >> 4).AsByte() & nibble, x + Group, corrections + 8, Vector256.Create(BFloat16Code.Decode(scales[1])));
            w += Group;
            x += Pair;
            corrections += Pair / 4;
            scales += 2;
        }

        return Vector256.Sum(first + second);
    }

    internal static float One128(sbyte* x, byte* w, ushort* scales, int pairs)
    {
        var sum = 0f;
        var nibble = Vector128.Create((byte)15);
        var raise = Vector128.Create((sbyte)Raise);
        for (var p = 0; p < pairs; p++)
        {
            Vector128<int> a = default, b = default;
            for (var half = 0; half < Group; half += 16)
            {
                var codes = Vector128.Load(w + half);
                a = Int8Dot.Add128(a, Vector128.Load(x + half), (codes & nibble).AsSByte() - raise);
                b = Int8Dot.Add128(b, Vector128.Load(x + Group + half), (codes >>> 4).AsSByte() - raise);
            }

            sum += (Vector128.Sum(a) * BFloat16Code.Decode(scales[0])) + (Vector128.Sum(b) * BFloat16Code.Decode(scales[1]));
            w += Group;
            x += Pair;
            scales += 2;
        }

        return sum;
    }

    private static float Error(float* values, float scale, float inverse)
    {
        var magic = new Vector<float>(12582912f);
        var (low, high) = (new Vector<float>(-Raise), new Vector<float>(Limit));
        Vector<float> sum = default;
        for (var i = 0; i < Group; i += Vector<float>.Count)
        {
            var v = Vector.Load(values + i);
            var code = Vector.Min(Vector.Max((v * new Vector<float>(inverse)) + magic - magic, low), high);
            var off = v - (code * new Vector<float>(scale));
            sum += off * off;
        }

        return Vector.Sum(sum);
    }
}
