namespace Parley.Audio;

/// <summary>A complex spectrogram: real and imaginary parts [bins, frames].</summary>
public sealed record Spectrogram(float[] Real, float[] Imaginary, int Bins, int Frames);
