namespace Parley.Audio;

/// <summary>Kaldi's filter bank: rates in Hz, lengths in milliseconds. Dither is always 0, so results repeat.</summary>
/// <remarks>
/// Names and defaults as in kaldi-asr/kaldi:src/feat/feature-window.h and pytorch/audio:torchaudio/compliance/kaldi.py. A highest frequency
/// of 0 or less counts from half the rate. Kaldi expects 16-bit sample values: scale is what samples of full scale 1 are multiplied with.
/// </remarks>
public sealed record KaldiFbankOptions(
    int MelBins = 23,
    int SampleRate = 16000,
    double FrameLength = 25,
    double FrameShift = 10,
    double LowFrequency = 20,
    double HighFrequency = 0,
    WindowKind Window = WindowKind.Povey,
    float Preemphasis = 0.97f,
    bool RemoveDcOffset = true,
    bool SnipEdges = true,
    bool RoundToPowerOfTwo = true,
    bool UseEnergy = false,
    bool RawEnergy = true,
    float EnergyFloor = 1,
    bool UseLog = true,
    bool UsePower = true,
    bool HtkCompatible = false,
    bool SubtractMean = false,
    float Scale = 32768);
