namespace Parley.Audio;

/// <summary>The window over the sinc of a <see cref="Resampler"/>.</summary>
public enum ResamplerWindow
{
    /// <summary>Squared cosine.</summary>
    Hann,

    /// <summary>Kaiser, with its beta.</summary>
    Kaiser,
}
