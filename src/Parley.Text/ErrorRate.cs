using System.Globalization;

namespace Parley.Text;

/// <summary>Word and character error rates.</summary>
/// <remarks>Levenshtein distance. Among alignments of equally few errors the one with the most matches counts, as in the published
/// results for LibriSpeech with biasing lists (Le et al. 2021, arXiv 2104.02194).</remarks>
public static class ErrorRate
{
    private const long LargestListing = 64L << 20;

    /// <summary>Word errors of one text; words are what white space separates.</summary>
    public static EditCounts Words(string reference, string hypothesis) => Count(Split(reference), Split(hypothesis));

    /// <summary>Character errors of one text; a character is what a reader sees as one, runs of white space count as one space.</summary>
    public static EditCounts Characters(string reference, string hypothesis) => Count(Letters(reference), Letters(hypothesis));

    /// <summary>Errors between two sequences, in memory that grows with the shorter of them only by a few numbers per item.</summary>
    public static EditCounts Count(IReadOnlyList<string> reference, IReadOnlyList<string> hypothesis)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(hypothesis);
        var (r, h) = Numbered(reference, hypothesis);

        // Cost in the upper half, substitutions in the lower: one comparison orders by errors first, then by matches kept.
        var row = new long[h.Length + 1];
        for (var j = 0; j <= h.Length; j++)
        {
            row[j] = (long)j << 32;
        }

        foreach (var item in r)
        {
            var diagonal = row[0];
            row[0] += 1L << 32;
            for (var j = 1; j <= h.Length; j++)
            {
                var here = diagonal + (item == h[j - 1] ? 0 : (1L << 32) + 1);
                diagonal = row[j];
                row[j] = Math.Min(here, Math.Min(row[j], row[j - 1]) + (1L << 32));
            }
        }

        var (errors, substitutions) = (row[^1] >> 32, row[^1] & uint.MaxValue);
        var gaps = errors - substitutions;
        var insertions = (gaps + h.Length - r.Length) / 2;
        return new EditCounts(substitutions, insertions, gaps - insertions, r.Length);
    }

    /// <summary>The alignment behind the counts, step by step; for texts up to some thousand items each.</summary>
    public static IReadOnlyList<EditStep> Align(IReadOnlyList<string> reference, IReadOnlyList<string> hypothesis)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(hypothesis);
        var (r, h) = Numbered(reference, hypothesis);
        if ((r.Length + 1L) * (h.Length + 1L) > LargestListing)
        {
            throw new ArgumentException($"an alignment of {r.Length} with {h.Length} items is too long to list; count the errors instead", nameof(reference));
        }

        var cost = new long[r.Length + 1, h.Length + 1];
        for (var i = 0; i <= r.Length; i++)
        {
            for (var j = 0; j <= h.Length; j++)
            {
                cost[i, j] = i == 0 || j == 0
                    ? (long)(i + j) << 32
                    : Math.Min(cost[i - 1, j - 1] + Change(r[i - 1], h[j - 1]), Math.Min(cost[i - 1, j], cost[i, j - 1]) + (1L << 32));
            }
        }

        List<EditStep> steps = [];
        for (var (i, j) = (r.Length, h.Length); i > 0 || j > 0;)
        {
            if (i > 0 && j > 0 && cost[i, j] == cost[i - 1, j - 1] + Change(r[i - 1], h[j - 1]))
            {
                (i, j) = (i - 1, j - 1);
                steps.Add(new EditStep(r[i] == h[j] ? EditKind.Match : EditKind.Substitution, reference[i], hypothesis[j]));
            }
            else if (i > 0 && cost[i, j] == cost[i - 1, j] + (1L << 32))
            {
                steps.Add(new EditStep(EditKind.Deletion, reference[--i], null));
            }
            else
            {
                steps.Add(new EditStep(EditKind.Insertion, null, hypothesis[--j]));
            }
        }

        steps.Reverse();
        return steps;
    }

    /// <summary>The words of a text: what white space separates.</summary>
    public static IReadOnlyList<string> Split(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    private static long Change(int a, int b) => a == b ? 0 : (1L << 32) + 1;

    private static List<string> Letters(string text)
    {
        List<string> letters = [];
        var all = StringInfo.GetTextElementEnumerator(string.Join(' ', Split(text)));
        while (all.MoveNext())
        {
            letters.Add(all.GetTextElement());
        }

        return letters;
    }

    private static (int[] Reference, int[] Hypothesis) Numbered(IReadOnlyList<string> reference, IReadOnlyList<string> hypothesis)
    {
        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        int Number(string item)
        {
            numbers.TryAdd(item, numbers.Count);
            return numbers[item];
        }

        return ([.. reference.Select(Number)], [.. hypothesis.Select(Number)]);
    }
}
