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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float One256(sbyte* x, int* corrections, byte* w, ushort* scales, int pairs)
    {
        Vector256<float> first = default, second = default;
        var nibble = Vector256.Create((byte)15);
        for (var p = 0; p < pairs; p++)
        {
            var codes = Vector256.Load(w);
            var low = Avx2.MultiplyAddAdjacent(codes & nibble, Vector256.Load(x));
            var high = Avx2.MultiplyAddAdjacent((codes.AsUInt16() >> 4).AsByte() & nibble, Vector256.Load(x + Group));
            var a = Vector256.Load(corrections) + Avx2.MultiplyAddAdjacent(low, Vector256<short>.One);
            var b = Vector256.Load(corrections + 8) + Avx2.MultiplyAddAdjacent(high, Vector256<short>.One);
            first = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(a), Vector256.Create(BFloat16Code.Decode(scales[0])), first);
            second = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(b), Vector256.Create(BFloat16Code.Decode(scales[1])), second);
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
