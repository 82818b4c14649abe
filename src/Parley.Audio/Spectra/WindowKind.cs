namespace Parley.Audio;

/// <summary>Shapes of analysis windows.</summary>
public enum WindowKind
{
    /// <summary>Raised cosine.</summary>
    Hann,

    /// <summary>Raised cosine on a pedestal: 0.54 - 0.46 cos.</summary>
    Hamming,

    /// <summary>Kaldi's: Hann to the power 0.85.</summary>
    Povey,

    /// <summary>0.42 - 0.5 cos + 0.08 cos of twice the angle.</summary>
    Blackman,

    /// <summary>All ones.</summary>
    Rectangular,
}
