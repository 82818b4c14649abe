namespace Parley.Audio;

/// <summary>torchaudio's mel spectrogram: frames, filters from a lowest to a highest frequency in Hz (0: half the rate), power 2 or magnitude 1.</summary>
public sealed record MelSpectrogramOptions(
    int SampleRate,
    StftOptions Frames,
    int MelBins = 128,
    double LowFrequency = 0,
    double HighFrequency = 0,
    MelScale Scale = MelScale.Htk,
    bool NormalizedFilters = false,
    int Power = 2);
