namespace Parley.Decoding;

/// <summary>One sequence a search has found.</summary>
/// <param name="Tokens">Chosen ids, without prompt and without the end token.</param>
/// <param name="SumLogProb">Sum of their log-probabilities, the end token's included when it was chosen.</param>
/// <param name="Ended">Whether the end token was chosen; else the search ran out of room.</param>
public sealed record Hypothesis(IReadOnlyList<int> Tokens, double SumLogProb, bool Ended)
{
    /// <summary>Mean log-probability per token, the end token counted.</summary>
    public double AverageLogProb => SumLogProb / (Tokens.Count + 1);

    /// <summary>What hypotheses are ranked by: the mean, or Google's length penalty ((5 + n) / 6)^α (Wu et al. 2016, arXiv 1609.08144).</summary>
    public double Score(double? lengthPenalty) =>
        SumLogProb / (lengthPenalty is { } alpha ? Math.Pow((5.0 + Tokens.Count) / 6.0, alpha) : Math.Max(Tokens.Count, 1));

    /// <summary>The best of several by <see cref="Score"/>.</summary>
    public static Hypothesis Best(IEnumerable<Hypothesis> hypotheses, double? lengthPenalty = null) =>
        hypotheses.MaxBy(h => h.Score(lengthPenalty)) ?? throw new InvalidOperationException("a search found no hypothesis");
}
