namespace Parley.Audio;

/// <summary>The front end of streams: rate in Hz, lengths in samples, pre-emphasis. Defaults are NeMo's, but for the frames, which end where the others have their middle.</summary>
public sealed record StreamingLogMelOptions(
    int MelBins = 80,
    int SampleRate = 16000,
    int FftSize = 512,
    int HopLength = 160,
    int WindowLength = 400,
    float Preemphasis = 0.97f);
