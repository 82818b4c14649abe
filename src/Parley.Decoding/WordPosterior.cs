namespace Parley.Decoding;

/// <summary>How sure a search is of each word: the part of the probability of its readings that has the word in the same place.</summary>
/// <remarks>Readings are laid beside the one in question by least edits, as in a confusion network (Mangu et al. 2000).</remarks>
internal static class WordPosterior
{
    /// <summary>Readings looked at, best first; the others are thought to say nothing new.</summary>
    public const int MostReadings = 64;

    /// <summary>Gives the symbols of each word of a reading its mass, 0 to 1.</summary>
    /// <param name="tokens">The reading's symbols.</param>
    /// <param name="words">Its words.</param>
    /// <param name="readings">All readings with their scores (natural logarithm), best first.</param>
    public static void Set(Span<CtcToken> tokens, IReadOnlyList<SpelledWord> words, IReadOnlyList<(IReadOnlyList<SpelledWord> Words, double Score)> readings)
    {
        var masses = new double[words.Count];
        var sum = 0.0;
        foreach (var (other, score) in readings)
        {
            var mass = Math.Exp(score - readings[0].Score);
            sum += mass;
            foreach (var place in Shared(words, other))
            {
                masses[place] += mass;
            }
        }

        for (var i = 0; i < words.Count; i++)
        {
            for (var k = words[i].Start; k < words[i].End; k++)
            {
                tokens[k] = tokens[k] with { WordPosterior = masses[i] / sum };
            }
        }
    }

    /// <summary>Places of the first list whose words are matched with the same word of the second, when as few words as possible differ.</summary>
    private static IEnumerable<int> Shared(IReadOnlyList<SpelledWord> a, IReadOnlyList<SpelledWord> b)
    {
        var costs = new int[a.Count + 1, b.Count + 1];
        for (var i = 0; i <= a.Count; i++)
        {
            for (var j = 0; j <= b.Count; j++)
            {
                costs[i, j] = i == 0 ? j : j == 0 ? i
                    : Math.Min(costs[i - 1, j - 1] + (a[i - 1].Text == b[j - 1].Text ? 0 : 1), 1 + Math.Min(costs[i - 1, j], costs[i, j - 1]));
            }
        }

        for (var (i, j) = (a.Count, b.Count); i > 0 && j > 0;)
        {
            var isSame = a[i - 1].Text == b[j - 1].Text;
            if (costs[i, j] == costs[i - 1, j - 1] + (isSame ? 0 : 1))
            {
                (i, j) = (i - 1, j - 1);
                if (isSame)
                {
                    yield return i;
                }
            }
            else
            {
                (i, j) = costs[i, j] == costs[i - 1, j] + 1 ? (i - 1, j) : (i, j - 1);
            }
        }
    }
}
