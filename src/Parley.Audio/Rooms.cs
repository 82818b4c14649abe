namespace Parley.Audio;

/// <summary>Puts a recording into a room.</summary>
public static class Rooms
{
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

        var whole = Convolve(samples, response);
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

        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, 2 * b.Length));
        var (fft, step) = (new RealFft(size), size - b.Length + 1);
        var (block, real, imaginary, filterReal, filterImaginary) =
            (new float[size], new float[fft.Bins], new float[fft.Bins], new float[fft.Bins], new float[fft.Bins]);
        b.CopyTo(block);
        fft.Forward(block, filterReal, filterImaginary);
        var result = new float[a.Length + b.Length - 1];
        for (var start = 0; start < a.Length; start += step)
        {
            var count = Math.Min(step, a.Length - start);
            Array.Clear(block);
            a.Slice(start, count).CopyTo(block);
            fft.Forward(block, real, imaginary);
            for (var k = 0; k < real.Length; k++)
            {
                (real[k], imaginary[k]) = (
                    (real[k] * filterReal[k]) - (imaginary[k] * filterImaginary[k]),
                    (real[k] * filterImaginary[k]) + (imaginary[k] * filterReal[k]));
            }

            fft.Inverse(real, imaginary, block);
            for (var i = 0; i < Math.Min(size, result.Length - start); i++)
            {
                result[start + i] += block[i];
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
