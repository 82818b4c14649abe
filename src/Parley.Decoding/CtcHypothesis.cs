namespace Parley.Decoding;

/// <summary>A reading of an utterance.</summary>
/// <param name="Tokens">Symbols in order, repeats joined and blanks dropped.</param>
/// <param name="LogProb">Natural logarithm of the reading's probability as the decoder scores it: the best path's for greedy decoding.</param>
public sealed record CtcHypothesis(IReadOnlyList<CtcToken> Tokens, double LogProb);
