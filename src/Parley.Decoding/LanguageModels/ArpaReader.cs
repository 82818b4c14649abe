namespace Parley.Decoding;

/// <summary>Reads an ARPA file into a model, and trusts nothing in it.</summary>
/// <remarks>
/// As KenLM reads it (kpu/kenlm:lm/read_arpa.cc): every n-gram's history must be listed, words must be among the 1-grams, log-probabilities are not
/// positive, the highest order has no back-off weights.
/// </remarks>
internal sealed class ArpaReader(TextLines lines, IProgress<double>? progress, long length)
{
    private const int LongestOrder = 32;
    private const int LongestQuote = 60;
    private const long ProgressStep = 1 << 16;

    private readonly List<int> _parents = [];
    private readonly List<int> _words = [];
    private readonly List<float> _logProbs = [];
    private readonly List<float> _backoffs = [];

    /// <summary>The model of the whole file.</summary>
    public NGramModel Read()
    {
        var counts = Counts();
        var nodes = new NGramModelBuilder(counts.Count);
        for (var order = 1; order <= counts.Count; order++)
        {
            Section(nodes, order, counts);
        }

        if (Text(skipBlank: true) is not "\\end\\")
        {
            throw lines.Error("\\end\\ was expected after the last n-gram");
        }

        while (lines.TryRead(out var line))
        {
            if (!line.IsWhiteSpace())
            {
                throw lines.Error("text after \\end\\");
            }
        }

        return new NGramModel(nodes);
    }

    private List<int> Counts()
    {
        if (Text(skipBlank: true) is not "\\data\\")
        {
            throw lines.Error("no ARPA language model; its first line would be \\data\\");
        }

        List<int> counts = [];
        for (var line = Text(skipBlank: true); line.StartsWith("ngram ", StringComparison.Ordinal) && counts.Count <= LongestOrder; line = Text(skipBlank: false))
        {
            var parts = line["ngram ".Length..].Split('=');
            if (parts.Length != 2 || !int.TryParse(parts[0], out var order) || order != counts.Count + 1 || !int.TryParse(parts[1], out var count) || count < 0)
            {
                throw lines.Error($"\"{Quote(line)}\" where \"ngram {counts.Count + 1}=\" and a number of n-grams were expected");
            }

            counts.Add(count);
        }

        return counts.Count is >= 1 and <= LongestOrder ? counts : throw lines.Error($"the header counts n-grams of {counts.Count} orders; 1 to {LongestOrder} are possible");
    }

    private void Section(NGramModelBuilder nodes, int order, List<int> counts)
    {
        var title = Text(skipBlank: true);
        if (title != $"\\{order}-grams:")
        {
            throw lines.Error($"\"{Quote(title)}\" where \\{order}-grams: was expected");
        }

        var (count, highest, first) = (counts[order - 1], counts.Count, lines.Number + 1);
        var nextReport = lines.Number + ProgressStep;
        _parents.Clear();
        _words.Clear();
        _logProbs.Clear();
        _backoffs.Clear();
        Span<int> ids = stackalloc int[order];
        for (var i = 0; i < count; i++)
        {
            if (!lines.TryRead(out var line) || line.IsWhiteSpace() || line[0] == '\\')
            {
                throw lines.Error($"the header says {count} {order}-grams, here are {i}");
            }

            Entry(nodes, order, highest, line, ids);
            if (lines.Number >= nextReport)
            {
                progress?.Report(length > 0 ? (double)lines.Position / length : 0);
                nextReport += ProgressStep;
            }
        }

        if (order == 1)
        {
            Special(nodes);
        }

        try
        {
            nodes.AddOrder(Span(_parents), Span(_words), Span(_logProbs), Span(_backoffs));
        }
        catch (RepeatedNGramException e)
        {
            throw new InvalidDataException($"{lines.Where}:{first + e.Index}: this {order}-gram was listed before");
        }
    }

    private void Entry(NGramModelBuilder nodes, int order, int highest, ReadOnlySpan<char> line, Span<int> ids)
    {
        var rest = line;
        var logProb = Number(Next(ref rest), "log-probability");
        if (logProb > 0)
        {
            throw lines.Error($"the log-probability {logProb} is positive");
        }

        for (var place = 0; place < order; place++)
        {
            var word = Next(ref rest);
            if (word.IsEmpty)
            {
                throw lines.Error($"{place} words where a {order}-gram was expected");
            }

            word = word is "<UNK>" ? "<unk>" : word;
            if (order == 1)
            {
                ids[0] = nodes.Names.Count;
                if (nodes.AddWord(word.ToString()) != ids[0])
                {
                    throw lines.Error($"the word \"{Quote(word)}\" was listed before");
                }
            }
            else if (!nodes.Ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out ids[place]))
            {
                throw lines.Error($"the word \"{Quote(word)}\" is not among the 1-grams");
            }
        }

        var parent = order == 1 ? 0 : nodes.Find(ids[..^1]);
        if (parent < 0)
        {
            throw lines.Error($"the {order}-gram \"{Quote(line)}\" continues a {order - 1}-gram that is not listed");
        }

        var weight = Next(ref rest);
        var backoff = weight.IsEmpty ? 0 : Number(weight, "back-off weight");
        if (order == highest && backoff != 0)
        {
            throw lines.Error($"a back-off weight after a {order}-gram, which is of the highest order");
        }

        if (!Next(ref rest).IsEmpty)
        {
            throw lines.Error($"\"{Quote(line)}\" has more than a log-probability, {order} words and a back-off weight");
        }

        _parents.Add(parent);
        _words.Add(ids[^1]);
        _logProbs.Add(logProb);
        _backoffs.Add(backoff);
    }

    private void Special(NGramModelBuilder nodes)
    {
        foreach (var word in (string[])["<s>", "</s>"])
        {
            if (!nodes.Ids.ContainsKey(word))
            {
                throw lines.Error($"{word} is not among the 1-grams");
            }
        }

        if (nodes.AddUnknown())
        {
            _parents.Add(0);
            _words.Add(nodes.Names.Count - 1);
            _logProbs.Add(NGramModel.UnknownLogProb);
            _backoffs.Add(0);
        }
    }

    private float Number(ReadOnlySpan<char> text, string what) =>
        float.TryParse(text, out var number) && float.IsFinite(number) ? number : throw lines.Error($"\"{Quote(text)}\" is no {what}");

    private string Text(bool skipBlank)
    {
        ReadOnlySpan<char> line;
        do
        {
            if (!lines.TryRead(out line))
            {
                throw lines.Error("the file ends too early");
            }
        }
        while (skipBlank && line.IsWhiteSpace());
        return line.Trim().ToString();
    }

    private static ReadOnlySpan<char> Next(ref ReadOnlySpan<char> line)
    {
        line = line.TrimStart(" \t");
        var end = line.IndexOfAny(' ', '\t');
        var token = end < 0 ? line : line[..end];
        line = line[token.Length..];
        return token;
    }

    private static string Quote(ReadOnlySpan<char> text) => text.Length <= LongestQuote ? text.ToString() : $"{text[..LongestQuote]}…";

    private static ReadOnlySpan<T> Span<T>(List<T> list) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(list);
}
