namespace Parley.Audio;

/// <summary>How samples are stored in a written wave.</summary>
public enum WavSampleFormat
{
    /// <summary>16-bit integers; samples beyond full scale are clipped.</summary>
    Pcm16,

    /// <summary>32-bit floats, stored as they are.</summary>
    Float32,
}
