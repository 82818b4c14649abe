namespace Parley.Decoding;

/// <summary>The readings of a beam as a tree: a node is a reading's last symbol. Nodes that nothing leads through any more are swept out now and then.</summary>
internal sealed class PrefixTree
{
    /// <summary>Nodes before the first sweep.</summary>
    public const int LeastRoom = 1 << 14;

    private readonly int _leastSweep;
    private readonly Action<int>? _release;

    private NGramTable _nodes = new();
    private FusionState[] _states = new FusionState[LeastRoom];
    private double[] _contexts = new double[LeastRoom];
    private double[] _endings = new double[LeastRoom];
    private int[] _places = new int[LeastRoom];
    private int[] _handles = new int[LeastRoom];
    private int _sweepAt;

    public PrefixTree(FusionState start, int sweepAt = LeastRoom, Action<int>? release = null)
    {
        (_leastSweep, _sweepAt, _release) = (sweepAt, sweepAt, release);
        Root = _nodes.Add(-1, -1);
        (_states[Root], _endings[Root], _places[Root], _handles[Root]) = (start, double.NaN, -1, -1);
    }

    /// <summary>The empty reading, which is always there.</summary>
    public int Root { get; }

    /// <summary>A node's last symbol; −1 at the root.</summary>
    public int Symbol(int node) => _nodes.Words[node];

    /// <summary>The reading without its last symbol; −1 at the root.</summary>
    public int Parent(int node) => _nodes.Parents[node];

    /// <summary>Where it stands in the language.</summary>
    public ref FusionState State(int node) => ref _states[node];

    /// <summary>What the language adds to its score.</summary>
    public ref double Context(int node) => ref _contexts[node];

    /// <summary>What the end of its open word adds; NaN when that was not asked yet.</summary>
    public ref double Ending(int node) => ref _endings[node];

    /// <summary>Its place in the beam; −1 when it is not there.</summary>
    public ref int Place(int node) => ref _places[node];

    /// <summary>What a model calls its state after this reading; −1 when it was not asked for one.</summary>
    public ref int Handle(int node) => ref _handles[node];

    /// <summary>The reading with one more symbol if it was met before; −1 if not.</summary>
    public int Find(int node, int symbol) => _nodes.Find(node, symbol);

    /// <summary>The reading with one more symbol.</summary>
    public int Child(int node, int symbol, out bool isNew)
    {
        var before = _nodes.Count;
        var child = _nodes.Add(node, symbol);
        isNew = child == before;
        if (!isNew)
        {
            return child;
        }

        if (child == _states.Length)
        {
            Array.Resize(ref _states, 2 * child);
            Array.Resize(ref _contexts, 2 * child);
            Array.Resize(ref _endings, 2 * child);
            Array.Resize(ref _places, 2 * child);
            Array.Resize(ref _handles, 2 * child);
        }

        (_endings[child], _places[child], _handles[child]) = (double.NaN, -1, -1);
        return child;
    }

    /// <summary>The symbols of a reading.</summary>
    public int[] Symbols(int node)
    {
        var symbols = new List<int>();
        for (; Parent(node) >= 0; node = Parent(node))
        {
            symbols.Add(Symbol(node));
        }

        symbols.Reverse();
        return [.. symbols];
    }

    /// <summary>Drops what no reading of the beam goes through, when enough has come together; nodes get new numbers.</summary>
    public void Sweep(Span<int> beam)
    {
        if (_nodes.Count < _sweepAt)
        {
            return;
        }

        var numbers = new int[_nodes.Count];
        numbers[Root] = 1;
        foreach (var leaf in beam)
        {
            for (var node = leaf; numbers[node] == 0; node = Parent(node))
            {
                numbers[node] = 1;
            }
        }

        // Parents have smaller numbers than their children, before as after.
        var kept = new NGramTable();
        for (var node = 0; node < numbers.Length; node++)
        {
            if (numbers[node] == 0)
            {
                Release(node);
                continue;
            }

            var parent = Parent(node);
            var number = kept.Add(parent < 0 ? -1 : numbers[parent], Symbol(node));
            numbers[node] = number;
            (_states[number], _contexts[number], _endings[number]) = (_states[node], _contexts[node], _endings[node]);
            (_places[number], _handles[number]) = (_places[node], _handles[node]);
        }

        for (var i = 0; i < beam.Length; i++)
        {
            beam[i] = numbers[beam[i]];
        }

        _nodes = kept;
        _sweepAt = Math.Max(_leastSweep, 2 * kept.Count);
    }

    /// <summary>Gives every state of the model back.</summary>
    public void ReleaseAll()
    {
        for (var node = 0; node < _nodes.Count; node++)
        {
            Release(node);
        }
    }

    private void Release(int node)
    {
        if (_handles[node] >= 0)
        {
            _release?.Invoke(_handles[node]);
            _handles[node] = -1;
        }
    }
}
