namespace Parley.Audio;

/// <summary>torchaudio's cepstra: how many, natural logarithms or decibels within 80 of the peak, and the mel spectrogram beneath.</summary>
public sealed record MfccOptions(MelSpectrogramOptions Mel, int Coefficients = 40, bool LogMels = false);
