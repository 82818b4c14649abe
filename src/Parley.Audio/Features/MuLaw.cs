namespace Parley.Audio;

/// <summary>The continuous mu-law companding of WaveNet: a sample to one of some codes and back.</summary>
/// <remarks>torchaudio.functional.mu_law_encoding and mu_law_decoding (0.13.1). Telephone files use the G.711 table instead.</remarks>
public static class MuLaw
{
    /// <summary>The code 0 .. codes - 1 of a sample in [-1, 1].</summary>
    public static int Encode(float sample, int codes = 256)
    {
        var mu = codes - 1f;
        var bent = MathF.Sign(sample) * MathF.Log(1 + mu * MathF.Abs(sample)) / MathF.Log(1 + mu);
        return (int)Math.Clamp((bent + 1) / 2 * mu + 0.5f, 0, mu);
    }

    /// <summary>The sample in [-1, 1] of a code 0 .. codes - 1.</summary>
    public static float Decode(int code, int codes = 256)
    {
        var mu = codes - 1f;
        var bent = code / mu * 2 - 1;
        return MathF.Sign(bent) * (MathF.Exp(MathF.Abs(bent) * MathF.Log(1 + mu)) - 1) / mu;
    }
}
