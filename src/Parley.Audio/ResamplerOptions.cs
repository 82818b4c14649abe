namespace Parley.Audio;

/// <summary>Quality of a <see cref="Resampler"/>: zero crossings of the sinc on each side, cut-off as a fraction of the lower Nyquist rate, window.</summary>
public sealed record ResamplerOptions(int Width = 6, double Rolloff = 0.99, ResamplerWindow Window = ResamplerWindow.Hann, double Beta = 14.769656459379492);
