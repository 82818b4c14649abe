namespace Parley.Text;

/// <summary>Learns byte-pair encodings of words (Sennrich et al. 2016, arXiv 1508.07909) and writes them as <c>tokenizer.json</c>.</summary>
/// <remarks>
/// A word is what stands between spaces, with ▁ before it; pieces never cross words. Each step joins the pair of neighbouring pieces that occurs
/// most often, of equals the one that comes first in ordinal order: the same texts give the same pieces in whatever order they come.
/// </remarks>
public static class BpeTrainer
{
    private const string Space = "\u2581";

    /// <summary>Learns a vocabulary.</summary>
    /// <param name="texts">Training texts; runs of white space count as one space.</param>
    /// <param name="size">Wanted tokens, special ones and single characters among them; fewer when the texts have no more pairs.</param>
    /// <param name="special">Tokens that stand for themselves and come first, such as a blank.</param>
    public static BpeVocabulary Train(IEnumerable<string> texts, int size, IReadOnlyList<string>? special = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        List<string> tokens = [.. special ?? []];
        var words = Words(texts);
        tokens.AddRange(words.SelectMany(w => w.Pieces).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        if (size < tokens.Count)
        {
            throw new ArgumentException($"bpe: {size} tokens are fewer than the {tokens.Count} special tokens and characters of the texts", nameof(size));
        }

        List<(string Left, string Right)> merges = [];
        var known = new HashSet<string>(tokens, StringComparer.Ordinal);
        var pairs = new PairCounts(words);
        while (tokens.Count < size && pairs.Most() is { } best)
        {
            merges.Add(best);
            if (known.Add(best.Left + best.Right))
            {
                tokens.Add(best.Left + best.Right);
            }

            pairs.Merge(best);
        }

        return new BpeVocabulary(tokens, merges, (special ?? []).Count);
    }

    private static List<Word> Words(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var word in texts.SelectMany(t => t.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
        {
            counts[word] = counts.GetValueOrDefault(word) + 1;
        }

        return [.. counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => new Word([Space, .. c.Key.EnumerateRunes().Select(r => r.ToString())], c.Value))];
    }

    private sealed record Word(List<string> Pieces, long Count);

    /// <summary>How often each pair occurs and in which words, kept up to date as pairs are joined.</summary>
    private sealed class PairCounts
    {
        private readonly List<Word> _words;
        private readonly Dictionary<(string, string), long> _counts = [];
        private readonly Dictionary<(string, string), HashSet<int>> _places = [];
        private readonly PriorityQueue<(string Left, string Right), (long Count, string Left, string Right)> _queue = new(Comparer<(long Count, string Left, string Right)>.Create(
            (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : Ordinal(a, b)));

        public PairCounts(List<Word> words)
        {
            _words = words;
            for (var i = 0; i < words.Count; i++)
            {
                Change(i, +1);
            }

            foreach (var (pair, count) in _counts)
            {
                _queue.Enqueue(pair, (count, pair.Item1, pair.Item2));
            }
        }

        /// <summary>The most frequent pair; null when no two pieces stand side by side.</summary>
        public (string Left, string Right)? Most()
        {
            // A queued count that is no longer true was replaced by a newer entry.
            while (_queue.TryDequeue(out var pair, out var priority))
            {
                if (_counts.GetValueOrDefault(pair) == priority.Count && priority.Count > 0)
                {
                    return pair;
                }
            }

            return null;
        }

        public void Merge((string Left, string Right) pair)
        {
            var touched = new HashSet<(string, string)>();
            foreach (var i in _places[pair].Order().ToArray())
            {
                touched.UnionWith(Change(i, -1));
                var pieces = _words[i].Pieces;
                for (var k = 0; k + 1 < pieces.Count; k++)
                {
                    if (pieces[k] == pair.Left && pieces[k + 1] == pair.Right)
                    {
                        pieces[k] += pair.Right;
                        pieces.RemoveAt(k + 1);
                    }
                }

                touched.UnionWith(Change(i, +1));
            }

            foreach (var changed in touched)
            {
                _queue.Enqueue(changed, (_counts.GetValueOrDefault(changed), changed.Item1, changed.Item2));
            }
        }

        private List<(string, string)> Change(int index, int sign)
        {
            var (pieces, count) = _words[index];
            List<(string, string)> pairs = [];
            for (var k = 0; k + 1 < pieces.Count; k++)
            {
                var pair = (pieces[k], pieces[k + 1]);
                pairs.Add(pair);
                _counts[pair] = _counts.GetValueOrDefault(pair) + (sign * count);
                if (!_places.TryGetValue(pair, out var places))
                {
                    _places[pair] = places = [];
                }

                _ = sign > 0 ? places.Add(index) : places.Remove(index);
            }

            return pairs;
        }

        private static int Ordinal((long, string Left, string Right) a, (long, string Left, string Right) b) =>
            string.CompareOrdinal(a.Left, b.Left) is not 0 and var left ? left : string.CompareOrdinal(a.Right, b.Right);
    }
}
