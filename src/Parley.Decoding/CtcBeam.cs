namespace Parley.Decoding;

// A reading r has two sums over its alignments so far: p_b of those that end in a blank, p_n of those that end in its last symbol.
//   p_b(r)  ← (p_b(r) + p_n(r)) · y(blank)
//   p_n(r)  ← p_n(r) · y(last of r)                                 the symbol goes on
//   p_n(rc) ← (p_b(r) + p_n(r)) · y(c), from p_b(r) alone if c is r's last symbol
// Candidates are scored before any of them becomes a node: what is not better than the worst reading that stays is gone at once.

/// <summary>The beam of one utterance.</summary>
internal sealed class CtcBeam
{
    private const double None = double.NegativeInfinity;

    private readonly WordFusion _fusion;
    private readonly SymbolTexts _texts;
    private readonly CtcDecodeOptions _options;
    private readonly int _blank;
    private readonly PrefixTree _tree;
    private readonly int[] _columns;
    private readonly int[] _all;
    private readonly double[] _inBlank;
    private readonly double[] _inSymbol;
    private readonly double[] _total;
    private readonly double[] _nextInBlank;
    private readonly double[] _nextInSymbol;

    private int _count = 1;
    private int[] _nodes;
    private int[] _nextNodes;
    private bool[] _taken = [];
    private double[] _keys = new double[256];
    private int[] _order = new int[256];
    private (int Place, int Symbol, double LogProb)[] _candidates = new (int, int, double)[256];

    public CtcBeam(WordFusion fusion, SymbolTexts texts, int blank, CtcDecodeOptions options, int sweepAt = PrefixTree.LeastRoom)
    {
        (_fusion, _texts, _blank, _options) = (fusion, texts, blank, options);
        _tree = new PrefixTree(fusion.Start, sweepAt);
        (_nodes, _nextNodes) = (new int[options.BeamSize], new int[options.BeamSize]);
        (_inBlank, _inSymbol, _total) = (new double[options.BeamSize], new double[options.BeamSize], new double[options.BeamSize]);
        (_nextInBlank, _nextInSymbol) = (new double[options.BeamSize], new double[options.BeamSize]);
        _columns = new int[texts.Count];
        _all = [.. Enumerable.Range(0, texts.Count).Where(s => s != blank)];
        (_nodes[0], _inBlank[0], _inSymbol[0], _tree.Place(_tree.Root)) = (_tree.Root, 0, None, 0);
    }

    /// <summary>Hears one frame.</summary>
    /// <param name="logProbs">Log posteriors of the symbols.</param>
    public void Step(ReadOnlySpan<float> logProbs)
    {
        var symbols = Offered(logProbs);
        Stay(logProbs, symbols.Length);
        var worst = _count < _options.BeamSize ? None : _keys.AsSpan(0, _count)[LowestKey()];
        var found = Extend(logProbs, symbols, worst);
        Select(_count + found);
    }

    /// <summary>All readings of the beam with their scores, best first.</summary>
    public (int[] Symbols, double Score)[] Finish()
    {
        var scored = Enumerable.Range(0, _count).Select(i => (Node: _nodes[i], Score: LogMath.Add(_inBlank[i], _inSymbol[i]) + _tree.Context(_nodes[i]))).ToArray();
        var ended = scored.Select(s => (s.Node, Score: s.Score + _fusion.Finish(_tree.State(s.Node)))).Where(s => !double.IsNegativeInfinity(s.Score)).ToArray();
        return [.. (ended.Length > 0 ? ended : scored).OrderByDescending(s => s.Score).Select(s => (_tree.Symbols(s.Node), s.Score))];
    }

    /// <summary>The best reading so far, as if the utterance went on.</summary>
    public int[] Best()
    {
        var (best, most) = (0, None);
        for (var i = 0; i < _count; i++)
        {
            var score = LogMath.Add(_inBlank[i], _inSymbol[i]) + _tree.Context(_nodes[i]);
            (best, most) = score > most ? (i, score) : (best, most);
        }

        return _tree.Symbols(_nodes[best]);
    }

    /// <summary>Drops the readings that do not begin with some symbols; one of the beam does.</summary>
    public void Keep(ReadOnlySpan<int> beginning)
    {
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if (!_tree.Symbols(_nodes[i]).AsSpan().StartsWith(beginning))
            {
                _tree.Place(_nodes[i]) = -1;
                continue;
            }

            (_nodes[kept], _inBlank[kept], _inSymbol[kept]) = (_nodes[i], _inBlank[i], _inSymbol[i]);
            _tree.Place(_nodes[kept]) = kept++;
        }

        _count = kept;
    }

    /// <summary>The symbols that may begin something new in this frame.</summary>
    private int[] Offered(ReadOnlySpan<float> logProbs)
    {
        var offered = _all;
        if (_options.SymbolsPerFrame is { } most && most < _all.Length)
        {
            offered = [.. LogMath.Top(logProbs, most + 1).Select(t => t.Index).Where(s => s != _blank).Take(most)];
        }

        Array.Fill(_columns, -1);
        for (var k = 0; k < offered.Length; k++)
        {
            _columns[offered[k]] = k;
        }

        return offered;
    }

    /// <summary>Readings that stay what they are, and those that another reading of the beam grows into.</summary>
    private void Stay(ReadOnlySpan<float> logProbs, int width)
    {
        for (var i = 0; i < _count; i++)
        {
            _total[i] = LogMath.Add(_inBlank[i], _inSymbol[i]);
        }

        Reserve(_count);
        if (_taken.Length < _count * width)
        {
            _taken = new bool[_options.BeamSize * width];
        }

        _taken.AsSpan(0, _count * width).Clear();
        for (var i = 0; i < _count; i++)
        {
            var (node, symbol) = (_nodes[i], _tree.Symbol(_nodes[i]));
            _nextInBlank[i] = _total[i] + logProbs[_blank];
            _nextInSymbol[i] = symbol < 0 ? None : _inSymbol[i] + logProbs[symbol];
            if (symbol >= 0 && _columns[symbol] is >= 0 and var column && _tree.Place(_tree.Parent(node)) is >= 0 and var parent)
            {
                _nextInSymbol[i] = LogMath.Add(_nextInSymbol[i], logProbs[symbol] + (_tree.Symbol(_nodes[parent]) == symbol ? _inBlank[parent] : _total[parent]));
                _taken[(parent * width) + column] = true;
            }

            (_keys[i], _order[i]) = (LogMath.Add(_nextInBlank[i], _nextInSymbol[i]) + _tree.Context(node), i);
        }
    }

    /// <summary>Collects what is better than the worst that stays: readings with one symbol more, not in the beam yet.</summary>
    private int Extend(ReadOnlySpan<float> logProbs, int[] symbols, double worst)
    {
        var (found, most) = (0, None);
        foreach (var symbol in symbols)
        {
            most = Math.Max(most, logProbs[symbol]);
        }

        for (var i = 0; i < _count; i++)
        {
            var node = _nodes[i];
            ref readonly var state = ref _tree.State(node);
            var hot = _fusion.Hotwords(state);
            ref var ending = ref _tree.Ending(node);
            ending = double.IsNaN(ending) ? _fusion.EndWord(state, out _) : ending;
            var context = _tree.Context(node);
            if (_total[i] + context + most + Math.Max(0, ending) + (hot?.Most ?? 0) <= worst)
            {
                continue;
            }

            var last = _tree.Symbol(node);
            for (var k = 0; k < symbols.Length; k++)
            {
                var symbol = symbols[k];
                var logProb = logProbs[symbol] + (symbol == last ? _inBlank[i] : _total[i]);
                var score = logProb + context + (_texts.BeginsWord[symbol] ? ending : 0) + (hot is null ? 0 : hot.Bonuses[symbol]);
                if (score > worst && !_taken[(i * symbols.Length) + k] && _fusion.Allows(state, symbol) && (score -= _fusion.Leaving(state, symbol)) > worst)
                {
                    Reserve(_count + found + 1);
                    (_keys[_count + found], _order[_count + found]) = (score, _count + found);
                    _candidates[_count + found++] = (i, symbol, logProb);
                }
            }
        }

        return found;
    }

    private void Select(int candidates)
    {
        Array.Sort(_keys, _order, 0, candidates);
        for (var i = 0; i < _count; i++)
        {
            _tree.Place(_nodes[i]) = -1;
        }

        var kept = Math.Min(candidates, _options.BeamSize);
        while (kept > 1 && double.IsNegativeInfinity(_keys[candidates - kept]))
        {
            kept--;
        }

        for (var i = 0; i < kept; i++)
        {
            var from = _order[candidates - 1 - i];
            if (from < _count)
            {
                (_nextNodes[i], _inBlank[i], _inSymbol[i]) = (_nodes[from], _nextInBlank[from], _nextInSymbol[from]);
                continue;
            }

            var (place, symbol, logProb) = _candidates[from];
            (_nextNodes[i], _inBlank[i], _inSymbol[i]) = (Grow(_nodes[place], symbol), None, logProb);
        }

        (_nodes, _nextNodes, _count) = (_nextNodes, _nodes, kept);
        for (var i = 0; i < _count; i++)
        {
            _tree.Place(_nodes[i]) = i;
        }

        _tree.Sweep(_nodes.AsSpan(0, _count));
    }

    private int Grow(int node, int symbol)
    {
        var child = _tree.Child(node, symbol, out var isNew);
        if (isNew)
        {
            _tree.Context(child) = _tree.Context(node) + _fusion.Extend(_tree.State(node), symbol, out var next);
            _tree.State(child) = next;
        }

        return child;
    }

    private int LowestKey()
    {
        var lowest = 0;
        for (var i = 1; i < _count; i++)
        {
            lowest = _keys[i] < _keys[lowest] ? i : lowest;
        }

        return lowest;
    }

    private void Reserve(int count)
    {
        if (count > _keys.Length)
        {
            var room = Math.Max(count, 2 * _keys.Length);
            Array.Resize(ref _keys, room);
            Array.Resize(ref _order, room);
            Array.Resize(ref _candidates, room);
        }
    }
}
