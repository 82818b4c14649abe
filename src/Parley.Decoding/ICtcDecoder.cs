namespace Parley.Decoding;

/// <summary>Turns per-frame symbol scores into readings, best first.</summary>
public interface ICtcDecoder
{
    /// <summary>Decodes one utterance.</summary>
    /// <param name="logits">Unnormalised scores or log posteriors [frames, symbols] in row-major order.</param>
    /// <param name="symbols">Scores per frame.</param>
    /// <returns>At least one reading.</returns>
    IReadOnlyList<CtcHypothesis> Decode(ReadOnlySpan<float> logits, int symbols);
}
