namespace Parley.Audio;

/// <summary>NeMo's front end: rates in Hz, lengths in samples, pre-emphasis over the whole signal, padding of the centred frames, normalisation of each feature by the utterance or by given means and deviations.</summary>
/// <remarks>Defaults of NVIDIA/NeMo:nemo/collections/asr/parts/preprocessing/features.py FilterbankFeatures in inference; a pad of Reflect is what older versions did.</remarks>
public sealed record NemoMelOptions(
    int MelBins = 80,
    int SampleRate = 16000,
    int FftSize = 512,
    int HopLength = 160,
    int WindowLength = 400,
    float Preemphasis = 0.97f,
    PadMode Pad = PadMode.Zero,
    bool NormalizePerFeature = true,
    IReadOnlyList<float>? Means = null,
    IReadOnlyList<float>? Deviations = null)
{
    /// <summary>Throws when settings contradict each other.</summary>
    public void Validate()
    {
        if (Means is null != Deviations is null || (Means is not null && NormalizePerFeature))
        {
            throw new ArgumentException("nemo mel: means and deviations come together, and instead of those of the utterance");
        }

        if (Means is not null && (Means.Count != MelBins || Deviations!.Count != MelBins || !Means.All(float.IsFinite) || !Deviations.All(d => float.IsFinite(d) && d > 0)))
        {
            throw new ArgumentException($"nemo mel: {MelBins} means and as many deviations above 0 are needed");
        }
    }
}
