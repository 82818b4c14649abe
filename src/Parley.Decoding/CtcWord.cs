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
    /// <param name="beginsWord">Whether a symbol begins a word; null: none does by itself.</param>
    public static IReadOnlyList<CtcWord> Split(IReadOnlyList<CtcToken> tokens, Func<int, bool> isDelimiter, Func<int, bool>? beginsWord = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(isDelimiter);
        var words = new List<CtcWord>();
        var word = new List<CtcToken>();
        foreach (var token in tokens)
        {
            var separates = isDelimiter(token.Id);
            if (word.Count > 0 && (separates || beginsWord?.Invoke(token.Id) == true))
            {
                words.Add(new CtcWord(word));
                word = [];
            }

            if (!separates)
            {
                word.Add(token);
            }
        }

        if (word.Count > 0)
        {
            words.Add(new CtcWord(word));
        }

        return words;
    }
}
