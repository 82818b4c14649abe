using System.Numerics;
using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>Rounds rows of floats to symmetric integers −127…127 with one scale: the largest magnitude becomes 127.</summary>
internal static unsafe class Int8Quantiser
{
    internal const int Limit = 127;

    // Adding 1.5·2²³ leaves a float whose low mantissa bits are the nearest integer, ties to even, on every machine alike.
    private const float Magic = 12582912f;
    private const int MagicBits = 0x4B400000;
    private const int Magnitude = 0x7FFFFFFF;
    private const int Infinite = 0x7F800000;

    /// <summary>The largest |x|; NaN when one is NaN, infinity when one is infinite.</summary>
    /// <remarks>Magnitudes compare as integers do, and NaN above infinity above everything else.</remarks>
    internal static float LargestMagnitude(float* x, int count)
    {
        var i = 0;
        var most = 0;
        var width = Vector<int>.Count;
        if (count >= width)
        {
            var mask = new Vector<int>(Magnitude);
            Vector<int> a = default, b = default;
            for (; i <= count - (2 * width); i += 2 * width)
            {
                a = Vector.Max(a, Vector.Load((int*)x + i) & mask);
                b = Vector.Max(b, Vector.Load((int*)x + i + width) & mask);
            }

            a = Vector.Max(a, b);
            for (var lane = 0; lane < width; lane++)
            {
                most = Math.Max(most, a[lane]);
            }
        }

        for (; i < count; i++)
        {
            most = Math.Max(most, ((int*)x)[i] & Magnitude);
        }

        return BitConverter.Int32BitsToSingle(most);
    }

    /// <summary>Scale and its inverse for a row whose largest magnitude is known; a NaN or infinite row gets the scale NaN, which makes every product NaN.</summary>
    internal static (float Scale, float Inverse) ScaleOf(float largest, int limit = Limit)
    {
        if (BitConverter.SingleToInt32Bits(largest) >= Infinite)
        {
            return (float.NaN, 0);
        }

        var inverse = limit / largest;
        return float.IsFinite(inverse) ? (largest / limit, inverse) : (0, 0);
    }

    /// <summary>One value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Round(float x, float inverse) => inverse == 0 ? 0 : BitConverter.SingleToInt32Bits((x * inverse) + Magic) - MagicBits;

    /// <summary>Rounds a row to bytes, adding <paramref name="offset"/>, and fills up to <paramref name="padded"/> with the offset; returns the scale.</summary>
    internal static float ToBytes(float* x, int count, sbyte* q, int padded, int offset = 0)
    {
        var (scale, inverse) = ScaleOf(LargestMagnitude(x, count));
        var i = 0;
        if (inverse != 0)
        {
            var factor = new Vector<float>(inverse);
            var shift = new Vector<int>(offset - MagicBits);
            var width = Vector<int>.Count;
            for (; i <= count - (4 * width); i += 4 * width)
            {
                var low = Vector.Narrow(Rounded(x + i, factor, shift), Rounded(x + i + width, factor, shift));
                var high = Vector.Narrow(Rounded(x + i + (2 * width), factor, shift), Rounded(x + i + (3 * width), factor, shift));
                Vector.Store(Vector.Narrow(low, high), q + i);
            }
        }

        for (; i < count; i++)
        {
            q[i] = (sbyte)(Round(x[i], inverse) + offset);
        }

        new Span<sbyte>(q + count, padded - count).Fill((sbyte)offset);
        return scale;
    }

    /// <summary>Rounds a row to 16-bit integers, of which the largest becomes ±<paramref name="limit"/>, and zeroes up to <paramref name="padded"/>; returns the scale.</summary>
    internal static float ToShorts(float* x, int count, short* q, int padded, int limit = Limit)
    {
        var (scale, inverse) = ScaleOf(LargestMagnitude(x, count), limit);
        var i = 0;
        if (inverse != 0)
        {
            var factor = new Vector<float>(inverse);
            var shift = new Vector<int>(-MagicBits);
            var width = Vector<int>.Count;
            for (; i <= count - (2 * width); i += 2 * width)
            {
                Vector.Store(Vector.Narrow(Rounded(x + i, factor, shift), Rounded(x + i + width, factor, shift)), q + i);
            }
        }

        for (; i < count; i++)
        {
            q[i] = (short)Round(x[i], inverse);
        }

        new Span<short>(q + count, padded - count).Clear();
        return scale;
    }

    /// <summary>The values that a row has after rounding, as floats.</summary>
    internal static void ToRounded(float* x, int count, float* y)
    {
        var (scale, inverse) = ScaleOf(LargestMagnitude(x, count));
        var i = 0;
        if (inverse != 0)
        {
            var (factor, shift) = (new Vector<float>(inverse), new Vector<int>(-MagicBits));
            for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            {
                Vector.Store(Vector.ConvertToSingle(Rounded(x + i, factor, shift)) * new Vector<float>(scale), y + i);
            }
        }

        for (; i < count; i++)
        {
            y[i] = Round(x[i], inverse) * scale;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Rounded(float* x, Vector<float> factor, Vector<int> shift) =>
        Vector.AsVectorInt32((Vector.Load(x) * factor) + new Vector<float>(Magic)) + shift;
}
