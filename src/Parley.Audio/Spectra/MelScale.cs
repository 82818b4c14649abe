namespace Parley.Audio;

/// <summary>How frequencies become mels.</summary>
public enum MelScale
{
    /// <summary>2595 log10(1 + f / 700).</summary>
    Htk,

    /// <summary>Linear below 1 kHz, logarithmic above (Auditory Toolbox, librosa).</summary>
    Slaney,

    /// <summary>The frequency itself: filters of one width, for linear-frequency cepstra.</summary>
    Linear,
}
