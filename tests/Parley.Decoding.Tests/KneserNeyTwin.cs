namespace Parley.Decoding.Tests;

/// <summary>Interpolated modified Kneser-Ney straight from the formulas: dictionaries of word lists, a recursive probability.</summary>
internal sealed class KneserNeyTwin
{
    private readonly int _order;
    private readonly Dictionary<string, int>[] _raw;
    private readonly Dictionary<string, int>[] _adjusted;
    private readonly KneserNeyDiscounts[] _discounts;
    private readonly KneserNeyOptions _options;

    public KneserNeyTwin(IEnumerable<string> sentences, KneserNeyOptions options)
    {
        (_options, _order) = (options, options.Order);
        _raw = [.. Enumerable.Range(0, _order + 1).Select(_ => new Dictionary<string, int>())];
        foreach (var sentence in sentences)
        {
            string[] words = ["<s>", .. sentence.Split(' ', StringSplitOptions.RemoveEmptyEntries), "</s>"];
            for (var n = 1; n <= _order; n++)
            {
                for (var i = 0; i + n <= words.Length; i++)
                {
                    var gram = string.Join(' ', words[i..(i + n)]);
                    _raw[n][gram] = _raw[n].GetValueOrDefault(gram) + 1;
                }
            }
        }

        Words = [.. _raw[1].Keys.Where(w => w != "<s>"), "<unk>"];
        _adjusted = [.. Enumerable.Range(0, _order + 1).Select(n => n == 0 ? [] : Adjusted(n))];
        _discounts = [.. _adjusted.Select((counts, n) => n == 0 ? new KneserNeyDiscounts(0, 0, 0)
            : KneserNeyDiscounts.Estimate(Times(counts, 1), Times(counts, 2), Times(counts, 3), Times(counts, 4)) ?? new KneserNeyDiscounts(0.5, 1, 1.5))];
    }

    /// <summary>Everything that can follow a history.</summary>
    public string[] Words { get; }

    public double Probability(string[] history, string word)
    {
        history = history.TakeLast(_order - 1).ToArray();
        var lower = history.Length == 0 ? 1.0 / Words.Length : Probability(history[1..], word);
        var n = history.Length + 1;
        var prefix = string.Concat(history.Select(h => h + " "));
        var all = _adjusted[n].Where(g => g.Key.StartsWith(prefix, StringComparison.Ordinal) && !g.Key[prefix.Length..].Contains(' ')).ToArray();
        double total = all.Sum(g => g.Value);
        if (total == 0)
        {
            return lower;
        }

        var left = all.Sum(g => Pruned(n, g.Key) ? g.Value : _discounts[n].Of(g.Value));
        var count = _adjusted[n].GetValueOrDefault(prefix + word);
        var own = count == 0 || Pruned(n, prefix + word) ? 0 : count - _discounts[n].Of(count);
        return (own + (left * lower)) / total;
    }

    private bool Pruned(int n, string gram) => n > 1 && _raw[n][gram] <= _options.Threshold(n);

    private Dictionary<string, int> Adjusted(int n)
    {
        var counts = _raw[n].Where(g => g.Key != "<s>").ToDictionary();
        if (n < _order)
        {
            foreach (var gram in counts.Keys.Where(g => !g.StartsWith("<s> ", StringComparison.Ordinal)))
            {
                counts[gram] = _raw[n + 1].Keys.Count(longer => longer.EndsWith(" " + gram, StringComparison.Ordinal));
            }
        }

        return counts;
    }

    private static long Times(Dictionary<string, int> counts, int count) => counts.Values.Count(c => c == count);
}
