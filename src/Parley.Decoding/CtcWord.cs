namespace Parley.Decoding;

/// <summary>The symbols of one word of a CTC reading.</summary>
/// <param name="Tokens">Its symbols, the delimiters around it left out.</param>
public sealed record CtcWord(IReadOnlyList<CtcToken> Tokens)
{
    /// <summary>First frame.</summary>
    public int StartFrame => Tokens[0].StartFrame;

    /// <summary>Frame after the last.</summary>
    public int EndFrame => Tokens[^1].EndFrame;

    /// <summary>How sure it is, 0 to 1: its posterior mass from a beam search, else the mean probability of its symbols.</summary>
    public double Probability => Tokens.Average(t => t.WordPosterior ?? Math.Exp(t.LogProb));

    /// <summary>Cuts a reading into words.</summary>
    /// <param name="tokens">Symbols in order.</param>
    /// <param name="isDelimiter">Whether a symbol separates words.</param>
    public static IReadOnlyList<CtcWord> Split(IReadOnlyList<CtcToken> tokens, Func<int, bool> isDelimiter)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(isDelimiter);
        var words = new List<CtcWord>();
        var word = new List<CtcToken>();
        foreach (var token in tokens)
        {
            if (!isDelimiter(token.Id))
            {
                word.Add(token);
            }
            else if (word.Count > 0)
            {
                words.Add(new CtcWord(word));
                word = [];
            }
        }

        if (word.Count > 0)
        {
            words.Add(new CtcWord(word));
        }

        return words;
    }
}
