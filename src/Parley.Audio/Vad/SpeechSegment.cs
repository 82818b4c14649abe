namespace Parley.Audio;

/// <summary>A stretch of speech, from its first sample to the one after its last.</summary>
public readonly record struct SpeechSegment(int Start, int End)
{
    /// <summary>Number of samples.</summary>
    public int Length => End - Start;
}
