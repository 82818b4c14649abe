namespace Parley.Audio;

/// <summary>Changes to a recording that make a recogniser robust: noise at a chosen level, gain, the telephone.</summary>
public static class Mixing
{
    private const int TelephoneRate = 8000;

    /// <summary>Adds noise so that the signal is <paramref name="decibels"/> louder than it, by mean power; the noise is repeated or cut as needed.</summary>
    /// <param name="samples">Changed in place.</param>
    /// <param name="noise">At the same sample rate.</param>
    /// <param name="decibels">Signal-to-noise ratio.</param>
    /// <param name="start">Any number: where in the noise to begin.</param>
    public static void AddNoise(Span<float> samples, ReadOnlySpan<float> noise, double decibels, ulong start = 0)
    {
        var (signal, power) = (Power(samples), Power(noise));
        if (signal == 0 || power == 0)
        {
            return;
        }

        var gain = (float)Math.Sqrt(signal / power / Math.Pow(10, decibels / 10));
        var at = (int)(start % (ulong)noise.Length);
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] += gain * noise[at];
            at = at + 1 == noise.Length ? 0 : at + 1;
        }
    }

    /// <summary>Multiplies by a gain in decibels, in place.</summary>
    public static void Gain(Span<float> samples, double decibels)
    {
        var gain = (float)Math.Pow(10, decibels / 20);
        foreach (ref var sample in samples)
        {
            sample *= gain;
        }
    }

    /// <summary>Through a telephone line: band-limited to 4 kHz and quantised to 8 bits by µ-law (ITU-T G.711).</summary>
    public static float[] Telephone(float[] samples, int sampleRate)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var line = Resampler.Resample(samples, sampleRate, TelephoneRate);
        for (var i = 0; i < line.Length; i++)
        {
            const double mu = 255;
            var x = Math.Clamp((double)line[i], -1, 1);
            var code = Math.Round(127 * Math.Sign(x) * Math.Log(1 + (mu * Math.Abs(x))) / Math.Log(1 + mu)) / 127;
            line[i] = (float)(Math.Sign(code) * (Math.Pow(1 + mu, Math.Abs(code)) - 1) / mu);
        }

        var back = Resampler.Resample(line, TelephoneRate, sampleRate);
        Array.Resize(ref back, samples.Length);
        return back;
    }

    private static double Power(ReadOnlySpan<float> samples)
    {
        double sum = 0;
        foreach (var sample in samples)
        {
            sum += (double)sample * sample;
        }

        return samples.Length == 0 ? 0 : sum / samples.Length;
    }
}
