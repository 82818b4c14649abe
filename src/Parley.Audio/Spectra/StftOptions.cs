namespace Parley.Audio;

/// <summary>How a signal is cut into frames: transform, hop and window lengths in samples, window, centring and padding.</summary>
/// <remarks>A window shorter than the transform stands in its middle. Centred frames have their middle at multiples of the hop.</remarks>
public sealed record StftOptions(
    int FftSize,
    int HopLength,
    int WindowLength,
    WindowKind Window = WindowKind.Hann,
    bool Periodic = true,
    bool Centered = true,
    PadMode Pad = PadMode.Reflect);
