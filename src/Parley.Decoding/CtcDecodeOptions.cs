namespace Parley.Decoding;

/// <summary>How a CTC model's scores are searched.</summary>
/// <param name="BeamSize">Readings kept after each frame, 1 to 65536.</param>
/// <param name="Fusion">Language model, word bonus, hotwords, lexicon; null: none.</param>
/// <param name="SymbolsPerFrame">Only so many of a frame's most probable symbols, the blank aside, may begin something new; null: all.</param>
/// <param name="Readings">Most readings that are given, best first.</param>
public sealed record CtcDecodeOptions(int BeamSize = 128, FusionOptions? Fusion = null, int? SymbolsPerFrame = null, int Readings = 1)
{
    /// <summary>Throws, naming the setting, when settings are out of range.</summary>
    public void Validate()
    {
        if (BeamSize is < 1 or > 65536)
        {
            throw new ArgumentException($"ctc: a beam of {BeamSize}; 1 to 65536 are possible");
        }

        if (SymbolsPerFrame < 1)
        {
            throw new ArgumentException($"ctc: {SymbolsPerFrame} symbols per frame; at least 1 is needed");
        }

        if (Readings < 1 || Readings > BeamSize)
        {
            throw new ArgumentException($"ctc: {Readings} readings from a beam of {BeamSize}");
        }

        Fusion?.Validate();
    }
}
