namespace Parley.Audio;

/// <summary>The features of classical recognisers: cepstra, their slopes and the slopes of these.</summary>
/// <param name="Mfcc">The cepstra; null: Kaldi's 13 of 23 filters, without energy (the zeroth stays).</param>
/// <param name="SubtractMean">Take from each cepstrum its mean over the recording.</param>
/// <param name="NormalizeVariance">And divide it by its standard deviation.</param>
/// <param name="DeltaWindow">Frames of the regression that gives slopes: 3, 5, 7, …</param>
public sealed record CepstralOptions(KaldiMfccOptions? Mfcc = null, bool SubtractMean = true, bool NormalizeVariance = false, int DeltaWindow = 5);
