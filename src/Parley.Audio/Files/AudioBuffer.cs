namespace Parley.Audio;

/// <summary>Decoded sound: interleaved samples in [-1, 1], their rate and channel count.</summary>
public sealed class AudioBuffer
{
    /// <summary>Wraps interleaved samples [frames * channels] at a rate in Hz.</summary>
    public AudioBuffer(float[] samples, int sampleRate, int channels)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        if (samples.Length % channels != 0)
        {
            throw new ArgumentException($"audio: {samples.Length} samples cannot be shared by {channels} channels", nameof(samples));
        }

        (Samples, SampleRate, Channels) = (samples, sampleRate, channels);
    }

    /// <summary>Interleaved samples [frames * channels], full scale 1.</summary>
    public float[] Samples { get; }

    /// <summary>Samples per second and channel, in Hz.</summary>
    public int SampleRate { get; }

    /// <summary>Number of channels.</summary>
    public int Channels { get; }

    /// <summary>Samples per channel.</summary>
    public int Frames => Samples.Length / Channels;

    /// <summary>Length in time.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)Frames / SampleRate);

    /// <summary>One channel [frames] as a copy.</summary>
    public float[] Channel(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Channels);
        var channel = new float[Frames];
        for (var i = 0; i < channel.Length; i++)
        {
            channel[i] = Samples[i * Channels + index];
        }

        return channel;
    }

    /// <summary>The mean of all channels [frames], as a copy.</summary>
    public float[] ToMono()
    {
        var mono = new float[Frames];
        MixDown(Samples, Channels, mono);
        return mono;
    }

    /// <summary>The mean of all channels, resampled to a rate in Hz.</summary>
    public float[] ToMono(int sampleRate) => Resampler.Resample(ToMono(), SampleRate, sampleRate);

    internal static void MixDown(ReadOnlySpan<float> interleaved, int channels, Span<float> mono)
    {
        if (channels == 1)
        {
            interleaved.CopyTo(mono);
            return;
        }

        if (channels == 2)
        {
            for (var i = 0; i < mono.Length; i++)
            {
                mono[i] = 0.5f * (interleaved[2 * i] + interleaved[2 * i + 1]);
            }

            return;
        }

        var scale = 1f / channels;
        for (var i = 0; i < mono.Length; i++)
        {
            var sum = 0f;
            foreach (var sample in interleaved.Slice(i * channels, channels))
            {
                sum += sample;
            }

            mono[i] = sum * scale;
        }
    }
}
