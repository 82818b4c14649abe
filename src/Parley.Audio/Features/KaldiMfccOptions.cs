namespace Parley.Audio;

/// <summary>Kaldi's cepstra: how many, the lifter (0 for none), and the filter bank beneath, whose energy replaces the first when it is used.</summary>
public sealed record KaldiMfccOptions(int Coefficients = 13, double Lifter = 22, KaldiFbankOptions? Fbank = null);
