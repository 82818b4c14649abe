namespace Parley.Audio;

/// <summary>Listens to one stream of 16 kHz samples and says, window after window, whether somebody speaks.</summary>
public interface IVoiceActivityStream
{
    /// <summary>Samples of a window.</summary>
    int Window { get; }

    /// <summary>Probability, 0 to 1, that somebody speaks in the next window.</summary>
    float Next(ReadOnlySpan<float> window);
}
