namespace Parley.Decoding;

// Modified Kneser-Ney smoothing (Chen and Goodman 1998, §3; the conventions of lmplz, kpu/kenlm:lm/builder).
// a: adjusted count, which is the number of different words seen before an n-gram, and the plain count in the highest order and after <s>;
// γ: the mass that a history leaves to the order below.

/// <summary>Estimates an interpolated n-gram model from sentences.</summary>
/// <example><code>
/// var trainer = new KneserNeyTrainer(new KneserNeyOptions(Order: 3));
/// trainer.Add("the cat sat");
/// Arpa.Save(trainer.Build(), "cat.arpa");
/// </code></example>
public sealed class KneserNeyTrainer
{
    private const float NeverLogProb = -99;

    private readonly KneserNeyOptions _options;
    private readonly NGramModelBuilder _nodes;
    private readonly NGramTable[] _tables;
    private readonly List<int> _sentence = [];
    private readonly List<int> _wordCounts = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids;

    /// <summary>Begins with nothing counted.</summary>
    public KneserNeyTrainer(KneserNeyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _nodes = new NGramModelBuilder(options.Order);
        _ids = _nodes.Ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _tables = [.. Enumerable.Range(2, options.Order - 1).Select(_ => new NGramTable())];
        foreach (var word in (string[])["<unk>", "<s>", "</s>"])
        {
            _nodes.AddWord(word);
            _wordCounts.Add(0);
        }
    }

    /// <summary>Sentences so far.</summary>
    public long Sentences { get; private set; }

    /// <summary>Words so far.</summary>
    public long Words { get; private set; }

    /// <summary>The discounts of each order, known once the model is built.</summary>
    public IReadOnlyList<KneserNeyDiscounts> Discounts { get; private set; } = [];

    /// <summary>N-grams of an order so far.</summary>
    public int Count(int order) => order == 1 ? _wordCounts.Count : _tables[order - 2].Count;

    /// <summary>Counts a sentence; one without words counts nothing.</summary>
    /// <param name="words">Between white space.</param>
    /// <exception cref="InvalidDataException">A word is <c>&lt;s&gt;</c> or <c>&lt;/s&gt;</c>.</exception>
    public void Add(ReadOnlySpan<char> words)
    {
        _sentence.Clear();
        _sentence.Add(1);
        while (TextLines.NextWord(ref words) is { IsEmpty: false } word)
        {
            _sentence.Add(Word(word));
        }

        if (_sentence.Count == 1)
        {
            return;
        }

        (Sentences, Words) = (Sentences + 1, Words + _sentence.Count - 1);
        _sentence.Add(2);
        for (var start = 0; start < _sentence.Count; start++)
        {
            var node = _sentence[start];
            _wordCounts[node] = checked(_wordCounts[node] + 1);
            for (var more = 1; more < _options.Order && start + more < _sentence.Count; more++)
            {
                node = _tables[more - 1].Add(node, _sentence[start + more]);
            }
        }
    }

    /// <summary>Counts every line of a file, plain or compressed with gzip, as a sentence.</summary>
    /// <param name="path">UTF-8 text.</param>
    /// <param name="progress">Told the sentences so far, now and then.</param>
    /// <param name="cancel">Stops between lines.</param>
    public void AddFile(string path, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        using var file = File.OpenRead(path);
        AddText(file, path, progress, cancel);
    }

    /// <summary>Counts every line of a stream as a sentence, and closes it.</summary>
    /// <param name="stream">UTF-8 text; gzip if it can seek.</param>
    /// <param name="where">Name for errors.</param>
    /// <param name="progress">Told the sentences so far, now and then.</param>
    /// <param name="cancel">Stops between lines.</param>
    public void AddText(Stream stream, string where, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        using var lines = TextLines.Open(stream, where);
        while (lines.TryRead(out var line))
        {
            try
            {
                Add(line);
            }
            catch (InvalidDataException e)
            {
                throw lines.Error(e.Message);
            }

            if (lines.Number % 4096 == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(Sentences);
            }
        }
    }

    /// <summary>Estimates the model of what was counted, once.</summary>
    public NGramModel Build()
    {
        if (Discounts.Count > 0)
        {
            throw new InvalidOperationException("the model of this trainer was built already");
        }

        if (Sentences == 0)
        {
            throw new InvalidDataException("language model: the text has no words");
        }

        var orders = new KneserNeyOrder[_options.Order];
        for (var order = 1; order <= _options.Order; order++)
        {
            orders[order - 1] = order == 1 ? KneserNeyOrder.OfWords([.. _wordCounts], begin: 1)
                : KneserNeyOrder.Of(_tables[order - 2], orders[order - 2], order > 2 ? _tables[order - 3] : null, _options.Threshold(order));
        }

        Discounts = [.. orders.Select((o, i) => o.Estimate(i + 1 < orders.Length ? orders[i + 1] : null, _options.Fallback))];
        var below = new double[] { 1.0 / (_wordCounts.Count - 1) };
        int[]? parents = null;
        for (var i = 0; i < orders.Length; i++)
        {
            (below, parents) = AddOrder(orders[i], i + 1 < orders.Length ? orders[i + 1] : null, below, parents);
        }

        return new NGramModel(_nodes);
    }

    private (double[] Probs, int[] Nodes) AddOrder(KneserNeyOrder order, KneserNeyOrder? above, double[] below, int[]? parentNodes)
    {
        var probs = new double[order.Count];
        var (parents, words, logProbs, backoffs, kept) = (new List<int>(), new List<int>(), new List<float>(), new List<float>(), new List<int>());
        for (var i = 0; i < order.Count; i++)
        {
            probs[i] = order.Probability(i, below);
            if (order.IsPruned(i))
            {
                continue;
            }

            kept.Add(i);
            parents.Add(parentNodes is null ? 0 : parentNodes[order.Parents[i]]);
            words.Add(order.Words[i]);
            logProbs.Add(parentNodes is null && i == 1 ? NeverLogProb : (float)Math.Log10(probs[i]));
            backoffs.Add(above?.LogGamma(i) ?? 0);
        }

        var added = _nodes.AddOrder([.. parents], [.. words], [.. logProbs], [.. backoffs]);
        var nodes = new int[order.Count];
        for (var i = 0; i < added.Length; i++)
        {
            nodes[kept[i]] = added[i];
        }

        return (probs, nodes);
    }

    private int Word(ReadOnlySpan<char> word)
    {
        if (_ids.TryGetValue(word, out var id))
        {
            return id is 1 or 2 ? throw new InvalidDataException($"{word} is the mark of a sentence's {(id == 1 ? "begin" : "end")}; text has none") : id;
        }

        _wordCounts.Add(0);
        return _nodes.AddWord(word.ToString());
    }
}
