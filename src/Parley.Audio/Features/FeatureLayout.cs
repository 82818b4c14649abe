namespace Parley.Audio;

/// <summary>Which axis of a <see cref="FeatureMatrix"/> varies slowest.</summary>
public enum FeatureLayout
{
    /// <summary>[bins, frames]: what convolutions over time take (Whisper, NeMo, torchaudio).</summary>
    BinsFirst,

    /// <summary>[frames, bins]: one row a frame (Kaldi).</summary>
    FramesFirst,
}
