using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Parley.Audio;

/// <summary>Puts a recording into a room.</summary>
public static class Rooms
{
    // By size, a power of two, so there are few.
    private static readonly ConcurrentDictionary<int, LaneRealFft> Plans = [];

    /// <summary>
    /// The recording as heard through an impulse response: convolved, moved back by the delay of the direct sound, as long and as loud (by mean power)
    /// as before.
    /// </summary>
    public static float[] Reverberate(float[] samples, ReadOnlySpan<float> response)
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (samples.Length == 0 || response.Length == 0)
        {
            return [.. samples];
        }

        var direct = 0;
        for (var i = 1; i < response.Length; i++)
        {
            direct = Math.Abs(response[i]) > Math.Abs(response[direct]) ? i : direct;
        }

        // Echoes that come after the end are not computed.
        var whole = Convolve(samples, response[..Math.Min(response.Length, direct + samples.Length)]);
        var heard = new float[samples.Length];
        whole.AsSpan(direct, Math.Min(samples.Length, whole.Length - direct)).CopyTo(heard);
        var (before, after) = (Power(samples), Power(heard));
        var gain = after > 0 ? (float)Math.Sqrt(before / after) : 0f;
        for (var i = 0; i < heard.Length; i++)
        {
            heard[i] *= gain;
        }

        return heard;
    }

    /// <summary>Full linear convolution, of length a + b − 1, in blocks of the frequency domain (overlap-add).</summary>
    public static float[] Convolve(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length == 0 || b.Length == 0)
        {
            return [];
        }

        if (a.Length < b.Length)
        {
            return Convolve(b, a);
        }

        // As many blocks at once as a vector has lanes.
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, 2 * b.Length));
        var (fft, step, lanes) = (Plans.GetOrAdd(size, n => new LaneRealFft(n)), size - b.Length + 1, Vector<float>.Count);
        var (signal, scratch) = (new Vector<float>[size], new Vector<float>[fft.ScratchSize]);
        var (real, imaginary) = (new Vector<float>[fft.Bins], new Vector<float>[fft.Bins]);
        var (filterReal, filterImaginary) = (new Vector<float>[fft.Bins], new Vector<float>[fft.Bins]);
        for (var i = 0; i < b.Length; i++)
        {
            signal[i] = new Vector<float>(b[i]);
        }

        fft.Forward(signal, filterReal, filterImaginary, scratch);
        var result = new float[a.Length + b.Length - 1];
        for (var start = 0; start < a.Length; start += lanes * step)
        {
            Array.Clear(signal);
            var values = MemoryMarshal.Cast<Vector<float>, float>(signal.AsSpan());
            for (var lane = 0; lane < lanes; lane++)
            {
                var block = Math.Min(a.Length, start + (lane * step));
                var count = Math.Min(step, a.Length - block);
                for (var i = 0; i < count; i++)
                {
                    values[(i * lanes) + lane] = a[block + i];
                }
            }

            fft.Forward(signal, real, imaginary, scratch);
            for (var k = 0; k < real.Length; k++)
            {
                (real[k], imaginary[k]) = (
                    (real[k] * filterReal[k]) - (imaginary[k] * filterImaginary[k]),
                    (real[k] * filterImaginary[k]) + (imaginary[k] * filterReal[k]));
            }

            fft.Inverse(real, imaginary, signal, scratch);
            for (var lane = 0; lane < lanes; lane++)
            {
                var block = Math.Min(result.Length, start + (lane * step));
                var count = start + (lane * step) < a.Length ? Math.Min(size, result.Length - block) : 0;
                for (var i = 0; i < count; i++)
                {
                    result[block + i] += values[(i * lanes) + lane];
                }
            }
        }

        return result;
    }

    private static double Power(float[] samples)
    {
        double sum = 0;
        foreach (var sample in samples)
        {
            sum += (double)sample * sample;
        }

        return sum / samples.Length;
    }
}
