namespace Parley.Decoding;

/// <summary>
/// Finds known words in the scores of a CTC model, whatever its symbols are. All ways to put a word together from the model's symbols are searched
/// together, so that none has to be chosen beforehand: the path is the best of all spellings.
/// </summary>
public sealed class CtcSpelling
{
    private readonly SymbolTexts _texts;
    private readonly int _blank;
    private readonly Dictionary<string, int> _begins = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _continues = new(StringComparer.Ordinal);
    private readonly int _longest;
    private readonly int? _space;
    private readonly bool _isDelimited;

    /// <summary>Sorts the symbols.</summary>
    /// <param name="texts">What symbols spell.</param>
    /// <param name="blank">Id of the blank.</param>
    public CtcSpelling(SymbolTexts texts, int blank)
    {
        ArgumentNullException.ThrowIfNull(texts);
        (_texts, _blank) = (texts, blank);
        for (var id = 0; id < texts.Count; id++)
        {
            var letters = texts.Letters[id];
            if (id == blank || letters.Contains('\uFFFD'))
            {
                continue;
            }

            if (letters.Length == 0)
            {
                _space ??= texts.BeginsWord[id] ? id : null;
                continue;
            }

            (texts.BeginsWord[id] ? _begins : _continues).TryAdd(letters, id);
            _longest = Math.Max(_longest, letters.Length);
        }

        _isDelimited = _begins.Count == 0;
    }

    /// <summary>The word as the model's symbols can spell it: as it is, else in upper or lower case; null when they cannot.</summary>
    public string? Fit(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        return ((string[])[word, word.ToUpperInvariant(), word.ToLowerInvariant()]).FirstOrDefault(w => Reach(w) == w.Length);
    }

    /// <summary>The first character that no spelling of a word gets past.</summary>
    public string Missing(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        var reach = Math.Max(Reach(word), Math.Max(Reach(word.ToUpperInvariant()), Reach(word.ToLowerInvariant())));
        return System.Text.Rune.TryGetRuneAt(word, Math.Min(reach, word.Length - 1), out var rune) ? rune.ToString() : "?";
    }

    /// <summary>The symbols of words on the most probable path that reads as them.</summary>
    /// <param name="logProbs">Log posteriors [frames, symbols].</param>
    /// <param name="words">Words that <see cref="Fit"/> gave.</param>
    /// <returns>ln P of the path, and for each word its symbols with frames and mean log posteriors.</returns>
    /// <exception cref="ArgumentException">The words do not fit the frames, or cannot be spelled.</exception>
    /// <exception cref="InvalidDataException">Frames and words are too many for the memory that is allowed.</exception>
    public (double LogProb, IReadOnlyList<IReadOnlyList<CtcToken>> Words) Align(ReadOnlySpan<float> logProbs, IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var (arcs, places) = Arcs(words);
        var (score, path) = CtcAlignment.Align(logProbs, _texts.Count, arcs, places, _blank);
        var tokens = words.Select(_ => new List<CtcToken>()).ToArray();
        foreach (var (number, start, end) in path)
        {
            if (arcs[number] is { Word: >= 0 } arc)
            {
                tokens[arc.Word].Add(new CtcToken(arc.Id, start, end, CtcAlignment.Mean(logProbs, _texts.Count, arc.Id, start, end)));
            }
        }

        return (score, tokens);
    }

    /// <summary>Every way to spell the words, arcs that lead nowhere left out.</summary>
    internal (IReadOnlyList<CtcArc> Arcs, int Places) Arcs(IReadOnlyList<string> words)
    {
        List<CtcArc> arcs = [];
        var at = 0;
        for (var w = 0; w < words.Count; w++)
        {
            // Place `at` is before the word, `open` after the space alone. Characters without a space stand in a row.
            var hasSpace = !_isDelimited || (w > 0 && _space is not null);
            var (open, first) = (hasSpace ? at + 1 : at, arcs.Count);
            if (hasSpace && _space is { } space)
            {
                arcs.Add(new CtcArc(space, at, open, _isDelimited ? -1 : w));
            }

            for (var from = 0; from < words[w].Length; from++)
            {
                for (var length = 1; length <= Math.Min(_longest, words[w].Length - from); length++)
                {
                    var letters = words[w].Substring(from, length);
                    if (from == 0 && _begins.TryGetValue(letters, out var begin))
                    {
                        arcs.Add(new CtcArc(begin, at, open + length, w));
                    }

                    if (_continues.TryGetValue(letters, out var id))
                    {
                        arcs.Add(new CtcArc(id, open + from, open + from + length, w));
                    }
                }
            }

            var (start, end) = (at, at = open + words[w].Length);
            Prune(arcs, first, start, end);
            if (arcs.Count == first)
            {
                throw new ArgumentException($"ctc: the model's symbols cannot spell \"{words[w]}\"");
            }
        }

        return (arcs, at);
    }

    // Keeps the arcs from `first` on that are on a path from one place to another.
    private static void Prune(List<CtcArc> arcs, int first, int start, int end)
    {
        HashSet<int> reached = [start], ending = [end];
        var own = arcs.Skip(first).OrderBy(a => a.From).ToArray();
        foreach (var arc in own)
        {
            _ = reached.Contains(arc.From) && reached.Add(arc.To);
        }

        foreach (var arc in own.OrderByDescending(a => a.To))
        {
            _ = ending.Contains(arc.To) && ending.Add(arc.From);
        }

        arcs.RemoveRange(first, arcs.Count - first);
        arcs.AddRange(own.Where(a => reached.Contains(a.From) && ending.Contains(a.To)));
    }

    // How many characters of a word some spelling gets past.
    private int Reach(string word)
    {
        var reached = new bool[word.Length + 1];
        var furthest = 0;
        reached[0] = _isDelimited || _space is not null;
        for (var from = 0; from < word.Length; from++)
        {
            for (var length = 1; length <= Math.Min(_longest, word.Length - from); length++)
            {
                var letters = word.Substring(from, length);
                if ((reached[from] && _continues.ContainsKey(letters)) || (from == 0 && _begins.ContainsKey(letters)))
                {
                    reached[from + length] = true;
                    furthest = Math.Max(furthest, from + length);
                }
            }
        }

        return reached[word.Length] ? word.Length : Math.Min(furthest, word.Length - 1);
    }
}
