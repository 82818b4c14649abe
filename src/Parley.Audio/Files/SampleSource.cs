namespace Parley.Audio;

/// <summary>A decoder that gives sound piece by piece.</summary>
internal abstract class SampleSource(int sampleRate, int channels) : IDisposable
{
    // 768 kHz is the fastest converter on the market; a slower clock than 1 kHz carries no speech.
    public const int MinRate = 1000;
    public const int MaxRate = 768_000;
    public const int MaxChannels = 256;

    public int SampleRate { get; } = sampleRate;

    public int Channels { get; } = channels;

    /// <summary>Samples so far that were NaN or infinite in the file and became silence.</summary>
    public long Replaced { get; protected set; }

    /// <summary>Frames still to come as far as they can be trusted to exist, or 0 when unknown.</summary>
    public virtual long FramesHint => 0;

    /// <summary>Fills whole frames of interleaved samples; the number of samples written, 0 at the end.</summary>
    public abstract int Read(Span<float> interleaved);

    public virtual void Dispose()
    {
    }

    protected static void CheckFormat(string name, long sampleRate, int channels)
    {
        if (sampleRate is < MinRate or > MaxRate)
        {
            throw new InvalidDataException($"{name}: a sample rate of {sampleRate} Hz is outside {MinRate} to {MaxRate} Hz; the header is damaged or the file is not sound");
        }

        if (channels is < 1 or > MaxChannels)
        {
            throw new InvalidDataException($"{name}: {channels} channels is outside 1 to {MaxChannels}; the header is damaged or the file is not sound");
        }
    }
}
