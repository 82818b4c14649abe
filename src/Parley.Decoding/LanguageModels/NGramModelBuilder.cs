namespace Parley.Decoding;

/// <summary>Puts the nodes of an <see cref="NGramModel"/> in order, one order of n-grams after the other.</summary>
internal sealed class NGramModelBuilder(int order)
{
    private int _count = 1;
    private int _order;

    /// <summary>First node of each order, from the empty history of order 0; ends with the number of nodes.</summary>
    public List<int> Starts { get; } = [0, 1];

    /// <summary>Spellings by word id.</summary>
    public List<string> Names { get; } = [];

    /// <summary>Word ids by spelling.</summary>
    public Dictionary<string, int> Ids { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the unknown word was among the n-grams.</summary>
    public bool ListsUnknown { get; private set; } = true;

    /// <summary>The last word of each node.</summary>
    public int[] Words { get; private set; } = new int[1];

    /// <summary>log10 of each node's probability after its parent.</summary>
    public float[] LogProbs { get; private set; } = new float[1];

    /// <summary>The longest proper suffix of each node that is a node.</summary>
    public int[] Suffixes { get; private set; } = new int[1];

    /// <summary>log10 of the back-off weight of each node below the highest order.</summary>
    public float[] Backoffs { get; private set; } = new float[1];

    /// <summary>First child of each node below the highest order; the next entry is where its children end.</summary>
    public int[] Children { get; private set; } = [1, 1];

    /// <summary>The id of a word, new or not.</summary>
    public int AddWord(string word)
    {
        if (Ids.TryAdd(word, Names.Count))
        {
            Names.Add(word);
        }

        return Ids[word];
    }

    /// <summary>The node of words that were added as an n-gram; -1 if there is none.</summary>
    public int Find(ReadOnlySpan<int> words)
    {
        var node = 0;
        foreach (var word in words)
        {
            node = node == 0 ? 1 + word : NGramModel.Bisect(Words, Children[node], Children[node + 1], word);
            if (node < 0)
            {
                return -1;
            }
        }

        return node;
    }

    /// <summary>Adds all n-grams of the next order.</summary>
    /// <param name="parents">The node of each one's history; of 1-grams 0.</param>
    /// <param name="words">Each one's last word; 1-grams come in the order of their ids.</param>
    /// <param name="logProbs">log10.</param>
    /// <param name="backoffs">log10; empty in the highest order.</param>
    /// <returns>The node of each.</returns>
    public int[] AddOrder(ReadOnlySpan<int> parents, ReadOnlySpan<int> words, ReadOnlySpan<float> logProbs, ReadOnlySpan<float> backoffs)
    {
        _order++;
        var (count, first) = (words.Length, _count);
        var (keys, from, nodes) = (new ulong[count], new int[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            (keys[i], from[i]) = (((ulong)parents[i] << 32) | (uint)words[i], i);
        }

        Array.Sort(keys, from);
        Grow(count);
        for (var i = 0; i < count; i++)
        {
            var (source, node) = (from[i], first + i);
            if (i > 0 && keys[i] == keys[i - 1])
            {
                throw new RepeatedNGramException(Math.Max(from[i], from[i - 1]));
            }

            nodes[source] = node;
            (Words[node], LogProbs[node]) = (words[source], logProbs[source]);
            if (_order < order)
            {
                Backoffs[node] = backoffs[source];
            }
        }

        _count += count;
        LinkChildren(keys, first);
        for (var i = 0; i < count && _order > 1; i++)
        {
            Suffixes[first + i] = Suffix((int)(keys[i] >> 32), Words[first + i]);
        }

        Starts.Add(_count);
        return nodes;
    }

    /// <summary>Adds the unknown word if it is not there; to be called between the words and the 1-grams.</summary>
    public bool AddUnknown()
    {
        if (!Ids.ContainsKey("<unk>"))
        {
            AddWord("<unk>");
            ListsUnknown = false;
        }

        return !ListsUnknown;
    }

    private void Grow(int count)
    {
        var total = checked(_count + count);
        (Words, LogProbs, Suffixes) = (Longer(Words, total), Longer(LogProbs, total), Longer(Suffixes, total));
        if (_order < order)
        {
            (Backoffs, Children) = (Longer(Backoffs, total), Longer(Children, total + 1));
        }
    }

    private void LinkChildren(ulong[] keys, int first)
    {
        // Parents are the nodes of the order below: those before `first`. Each begins where the one before it ends.
        var (next, child) = (Starts[_order - 1], 0);
        for (; next < first; next++)
        {
            Children[next] = first + child;
            while (child < keys.Length && (int)(keys[child] >> 32) == next)
            {
                child++;
            }
        }

        Children[first] = _count;
        if (_order < order)
        {
            Children.AsSpan(first).Fill(_count);
        }
    }

    private int Suffix(int parent, int word)
    {
        for (var node = Suffixes[parent]; node != 0; node = Suffixes[node])
        {
            if (NGramModel.Bisect(Words, Children[node], Children[node + 1], word) is > 0 and var found)
            {
                return found;
            }
        }

        return 1 + word;
    }

    private static T[] Longer<T>(T[] array, int length)
    {
        Array.Resize(ref array, length);
        return array;
    }
}
