namespace Parley.Models;

/// <summary>Places a search can be in and the ways between them: states that take a frame each, and null states that take none (Rabiner 1989, §IV.E).</summary>
/// <remarks>
/// Node 0 is where every path begins; <see cref="End"/> is where it ends. Ways into a node are stored with it. A way from one null state to another
/// leads to a higher number, so that within a frame null states are visited in order.
/// </remarks>
internal sealed class HmmNetwork
{
    /// <summary>What a null state has in place of an emission.</summary>
    public const int Null = -1;

    private readonly List<HmmNode> _nodes = [];
    private readonly List<(int From, int To, double Score)> _added = [];
    private readonly Dictionary<int, int> _slots = [];
    private int[] _first = [];
    private int[] _from = [];
    private double[] _scores = [];

    /// <summary>The last node of every path.</summary>
    public int End { get; private set; }

    /// <summary>Nodes.</summary>
    public IReadOnlyList<HmmNode> Nodes => _nodes;

    /// <summary>States of the model that occur, each once; a node's slot counts among them.</summary>
    public IReadOnlyCollection<int> Emissions => _slots.Keys;

    /// <summary>Ways into a node: the numbers of the first and of the one after the last.</summary>
    public ReadOnlySpan<int> First => _first;

    /// <summary>Where each way comes from.</summary>
    public ReadOnlySpan<int> From => _from;

    /// <summary>Adds a node and gives its number.</summary>
    public int Add(HmmNode node)
    {
        if (node.Emission != Null)
        {
            _slots.TryAdd(node.Emission, _slots.Count);
        }

        _nodes.Add(node with { Slot = node.Emission == Null ? Null : _slots[node.Emission] });
        return _nodes.Count - 1;
    }

    /// <summary>Adds a null state.</summary>
    public int AddNull() => Add(new HmmNode(Null, Word: -1, Part: -1, Step: -1));

    /// <summary>Adds a way; its score is a natural logarithm and comes on top of the transition probability of the state it leaves.</summary>
    public void Connect(int from, int to, double score = 0) => _added.Add((from, to, score));

    /// <summary>Adds the states of units in a row from one node to another.</summary>
    public void AddChain(HmmGmm model, ReadOnlySpan<int> units, int word, int from, int to, double score)
    {
        var before = from;
        for (var part = 0; part < units.Length; part++)
        {
            for (var step = 0; step < model.Config.Units[units[part]].States; step++)
            {
                var node = Add(new HmmNode(model.FirstState(units[part]) + step, word, part, step));
                Connect(before, node, before == from ? score : 0);
                Connect(node, node);
                before = node;
            }
        }

        Connect(before, to);
    }

    /// <summary>Ends the building.</summary>
    public HmmNetwork Finish(int end)
    {
        End = end;
        _first = new int[_nodes.Count + 1];
        var sorted = _added.OrderBy(a => a.To).ToArray();
        foreach (var (_, to, _) in sorted)
        {
            _first[to + 1]++;
        }

        for (var n = 0; n < _nodes.Count; n++)
        {
            _first[n + 1] += _first[n];
        }

        _from = [.. sorted.Select(a => a.From)];
        _scores = [.. sorted.Select(a => a.Score)];
        _added.Clear();
        return this;
    }

    /// <summary>ln a_ij of each way, with the transition probabilities of the states: a state stays with a_jj and leaves with 1 - a_jj.</summary>
    public double[] Transitions(ReadOnlySpan<float> selfLoops)
    {
        var transitions = new double[_from.Length];
        for (var node = 0; node < _nodes.Count; node++)
        {
            for (var way = _first[node]; way < _first[node + 1]; way++)
            {
                var emission = _nodes[_from[way]].Emission;
                var stay = emission == Null ? 0 : (double)selfLoops[emission];
                transitions[way] = _scores[way] + (emission == Null ? 0 : Math.Log(_from[way] == node ? stay : 1 - stay));
            }
        }

        return transitions;
    }
}
