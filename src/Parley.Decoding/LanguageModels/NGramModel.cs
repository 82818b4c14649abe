namespace Parley.Decoding;

// A trie that is read forwards: the n-gram "a b c" is the child "c" of the node "a b". Nodes are numbered order by order, and within an order by
// parent, then word, so that the children of a node lie side by side and are found by bisection: 20 bytes an n-gram, 12 in the highest order.
// Each node knows its longest proper suffix that is a node too; a query that finds nothing pays the back-off weight and goes on from there, which
// gives the sum over all shortened histories, since a history that is not listed has the weight 1.

/// <summary>A back-off n-gram language model over words, for any number of threads.</summary>
/// <remarks>The state of a query is one number: the longest suffix of the words so far that the model knows.</remarks>
public sealed class NGramModel
{
    /// <summary>What a word that the model does not list costs, when it lists no <c>&lt;unk&gt;</c> either: log10, as KenLM has it.</summary>
    public const float UnknownLogProb = -100;

    /// <summary>The state without history.</summary>
    public const int EmptyState = 0;

    private readonly string[] _names;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids;
    private readonly int[] _starts;
    private readonly int[] _words;
    private readonly int[] _suffixes;
    private readonly float[] _logProbs;
    private readonly float[] _backoffs;
    private readonly int[] _children;

    internal NGramModel(NGramModelBuilder nodes)
        : this(new NGramArrays([.. nodes.Names], [.. nodes.Starts], nodes.Words, nodes.Suffixes, nodes.Children, nodes.LogProbs, nodes.Backoffs, nodes.ListsUnknown), nodes.Ids)
    {
    }

    private NGramModel(NGramArrays arrays, Dictionary<string, int> ids)
    {
        (Arrays, _names, _starts, _words) = (arrays, arrays.Names, arrays.Starts, arrays.Words);
        (_suffixes, _logProbs, _backoffs, _children) = (arrays.Suffixes, arrays.LogProbs, arrays.Backoffs, arrays.Children);
        _ids = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        (Unknown, Begin, End) = (_ids["<unk>"], _ids["<s>"], _ids["</s>"]);
        BeginState = Order == 1 ? EmptyState : 1 + Begin;
    }

    internal NGramArrays Arrays { get; }

    /// <summary>Words of the longest n-grams.</summary>
    public int Order => _starts.Length - 2;

    /// <summary>Words, with <c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c> and <c>&lt;unk&gt;</c>.</summary>
    public int WordCount => _names.Length;

    /// <summary>The state at the beginning of a sentence.</summary>
    public int BeginState { get; }

    /// <summary>Id of <c>&lt;s&gt;</c>, which is history only.</summary>
    public int Begin { get; }

    /// <summary>Id of <c>&lt;/s&gt;</c>, which ends a sentence.</summary>
    public int End { get; }

    /// <summary>Id of <c>&lt;unk&gt;</c>: every word that the model does not list.</summary>
    public int Unknown { get; }

    /// <summary>Whether <c>&lt;unk&gt;</c> was listed; otherwise it costs <see cref="UnknownLogProb"/>.</summary>
    public bool ListsUnknown => Arrays.ListsUnknown;

    /// <summary>Reads a file: ARPA, plain or gzip, or what <see cref="Save"/> wrote as <c>.ngrams</c>.</summary>
    /// <param name="path">The file; its first bytes tell what it is.</param>
    /// <param name="progress">Told the part of an ARPA file that is read, 0 to 1.</param>
    /// <exception cref="InvalidDataException">The file is damaged; of an ARPA file the message names the line.</exception>
    public static NGramModel Load(string path, IProgress<double>? progress = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new IOException($"{path}: this is a folder; a language model is a file");
        }

        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read))
        {
            if (file.CanSeek && CompactNGrams.Is(file))
            {
                return FromArrays(CompactNGrams.Read(file, path), path);
            }
        }

        return Arpa.Load(path, progress);
    }

    /// <summary>Writes a file: Parley's own when its name ends in <c>.ngrams</c>, which opens at once, else ARPA, gzip when it ends in <c>.gz</c>.</summary>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!path.EndsWith(CompactNGrams.Extension, StringComparison.OrdinalIgnoreCase))
        {
            Arpa.Save(this, path);
            return;
        }

        Arpa.WriteWhole(path, file => CompactNGrams.Write(Arrays, file));
    }

    private static NGramModel FromArrays(NGramArrays arrays, string where)
    {
        var ids = new Dictionary<string, int>(arrays.Names.Length, StringComparer.Ordinal);
        foreach (var (id, name) in arrays.Names.Index())
        {
            if (!ids.TryAdd(name, id))
            {
                throw new InvalidDataException($"{where}: a word is there twice; the file is damaged");
            }
        }

        foreach (var name in (string[])["<s>", "</s>", "<unk>"])
        {
            if (!ids.ContainsKey(name))
            {
                throw new InvalidDataException($"{where}: {name} is not among its words; the file is damaged");
            }
        }

        return new NGramModel(arrays, ids);
    }

    /// <summary>The number of n-grams of an order.</summary>
    public int Count(int order) => _starts[order + 1] - _starts[order];

    /// <summary>The spelling of a word.</summary>
    public string Word(int id) => _names[id];

    /// <summary>The id of a word; <see cref="Unknown"/> for one that is not listed.</summary>
    public int Id(ReadOnlySpan<char> word) => _ids.TryGetValue(word, out var id) ? id : Unknown;

    /// <summary>The probability of a word after the history that a state stands for.</summary>
    /// <param name="state">From an earlier call, <see cref="BeginState"/> or <see cref="EmptyState"/>.</param>
    /// <param name="word">Its id.</param>
    /// <param name="next">The state after the word.</param>
    /// <returns>log10.</returns>
    public float Score(int state, int word, out int next)
    {
        float backoff = 0;
        for (var node = state; node != EmptyState; node = _suffixes[node])
        {
            if (Child(node, word) is > 0 and var found)
            {
                next = State(found);
                return backoff + _logProbs[found];
            }

            backoff += _backoffs[node];
        }

        next = State(1 + word);
        return backoff + _logProbs[1 + word];
    }

    /// <summary>The probability of a sentence with its end.</summary>
    /// <param name="words">Between white space.</param>
    /// <returns>log10.</returns>
    public double ScoreSentence(string words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var (state, sum) = (BeginState, 0.0);
        foreach (var range in words.AsSpan().SplitAny(' ', '\t'))
        {
            if (words.AsSpan(range) is { Length: > 0 } word)
            {
                sum += Score(state, Id(word), out state);
            }
        }

        return sum + Score(state, End, out _);
    }

    /// <summary>The n-gram of a node of an order, with its weights, for writing.</summary>
    internal (float LogProb, float Backoff) Entry(int order, int index, Span<int> words)
    {
        var node = _starts[order] + index;
        for (var (place, at) = (order, node); place >= 1; place--)
        {
            words[place - 1] = _words[at];
            at = place == 1 ? 0 : Parent(place, at);
        }

        return (_logProbs[node], order < Order ? _backoffs[node] : 0);
    }

    /// <summary>Whether a node has children, and a back-off weight that matters.</summary>
    internal bool IsContext(int order, int index) => order < Order && _children[_starts[order] + index + 1] > _children[_starts[order] + index];

    private int Parent(int order, int node)
    {
        // The last node of the order below whose children begin at or before this one.
        var (low, high) = (_starts[order - 1], _starts[order] - 1);
        while (low < high)
        {
            var middle = (int)(((long)low + high + 1) / 2);
            (low, high) = _children[middle] <= node ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    private int State(int node) => node < _starts[Order] ? node : _suffixes[node];

    private int Child(int node, int word) => Bisect(_words, _children[node], _children[node + 1], word);

    /// <summary>The place of a word among the sorted words of a range; -1 when it is not there.</summary>
    internal static int Bisect(int[] words, int low, int end, int word)
    {
        while (low < end)
        {
            var middle = (int)(((uint)low + (uint)end) / 2);
            var here = words[middle];
            if (here == word)
            {
                return middle;
            }

            (low, end) = here < word ? (middle + 1, end) : (low, middle);
        }

        return -1;
    }
}
