namespace Parley.Decoding;

/// <summary>How a transducer's scores are searched.</summary>
/// <param name="BeamSize">Readings kept side by side, 1 to 65536.</param>
/// <param name="Fusion">Language model, word bonus, hotwords, lexicon; null: none.</param>
/// <param name="MaxSymbols">Most symbols of a reading; null: ten times the frames.</param>
/// <param name="Readings">Most readings that are given, best first.</param>
public sealed record TransducerDecodeOptions(int BeamSize = 16, FusionOptions? Fusion = null, int? MaxSymbols = null, int Readings = 1)
{
    /// <summary>Throws, naming the setting, when settings are out of range.</summary>
    public void Validate()
    {
        if (BeamSize is < 1 or > 65536)
        {
            throw new ArgumentException($"transducer: a beam of {BeamSize}; 1 to 65536 are possible");
        }

        if (MaxSymbols < 0)
        {
            throw new ArgumentException($"transducer: at most {MaxSymbols} symbols");
        }

        if (Readings < 1 || Readings > BeamSize)
        {
            throw new ArgumentException($"transducer: {Readings} readings from a beam of {BeamSize}");
        }

        Fusion?.Validate();
    }
}
