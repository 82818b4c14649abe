namespace Parley.Audio;

/// <summary>NeMo's front end: rates in Hz, lengths in samples, pre-emphasis over the whole signal, padding of the centred frames, normalisation of each feature.</summary>
/// <remarks>Defaults of NVIDIA/NeMo:nemo/collections/asr/parts/preprocessing/features.py FilterbankFeatures in inference; a pad of Reflect is what older versions did.</remarks>
public sealed record NemoMelOptions(
    int MelBins = 80,
    int SampleRate = 16000,
    int FftSize = 512,
    int HopLength = 160,
    int WindowLength = 400,
    float Preemphasis = 0.97f,
    PadMode Pad = PadMode.Zero,
    bool NormalizePerFeature = true);
