namespace Parley.Audio;

/// <summary>Finds where somebody speaks.</summary>
public interface IVoiceActivityDetector
{
    /// <summary>Stretches of speech in 16 kHz samples, in order and not overlapping.</summary>
    IReadOnlyList<SpeechSegment> Detect(ReadOnlySpan<float> samples);
}
