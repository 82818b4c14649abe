namespace Parley.Audio;

/// <summary>What stands outside the signal when frames reach over its ends.</summary>
public enum PadMode
{
    /// <summary>The signal mirrored at its first and last sample, which are not repeated.</summary>
    Reflect,

    /// <summary>The signal mirrored at its ends, which are repeated (Kaldi).</summary>
    Symmetric,

    /// <summary>Zeros.</summary>
    Zero,
}
