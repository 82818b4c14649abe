namespace Parley.Audio;

/// <summary>Whisper's front end: mel filters (80, or 128 from large-v3 on), rate in Hz, transform and hop in samples, seconds of one window.</summary>
public sealed record WhisperLogMelOptions(int MelBins = 80, int SampleRate = 16000, int FftSize = 400, int HopLength = 160, int ChunkSeconds = 30)
{
    /// <summary>Samples of one window.</summary>
    public int ChunkSamples => SampleRate * ChunkSeconds;

    /// <summary>Frames of one window.</summary>
    public int ChunkFrames => ChunkSamples / HopLength;
}
