namespace Parley.Decoding;

// After i steps a reading of u symbols stands before frame i - u. Its probability there is a sum over alignments:
//   a(t, r)  ← a(t - 1, r) · blank(t - 1, r) + a(t, r') · y(last of r | t, r')        r' is r without its last symbol
// and it is complete with the blank of the last frame. Beside the sum each reading keeps its best alignment, as a chain of the frames of its symbols.

/// <summary>The beam of one utterance.</summary>
internal sealed class TransducerBeam(WordFusion fusion, SymbolTexts texts, TransducerDecodeOptions options, ITransducerModel model)
{
    private const double None = double.NegativeInfinity;

    private readonly PrefixTree _tree = new(fusion.Start, release: model.Release);
    private readonly int _symbols = model.SymbolCount;
    private readonly int _maxSymbols = options.MaxSymbols ?? (int)Math.Min(int.MaxValue / 2, 10L * model.Frames);
    private readonly List<(int Before, int Frame, float LogProb)> _chains = [];
    private readonly List<(CtcToken[] Tokens, double Score, bool IsWhole)> _ends = [];

    private List<Entry> _beam = [];
    private float[] _logProbs = [];

    /// <summary>Searches; complete readings come best first.</summary>
    public (CtcToken[] Tokens, double Score)[] Run(CancellationToken cancel)
    {
        _tree.Handle(_tree.Root) = model.Start();
        _beam.Add(new Entry(_tree.Root, Length: 0, LogProb: 0, Best: 0, Chain: -1));
        if (model.Frames == 0)
        {
            End(_beam[0], blank: 0);
            _beam.Clear();
        }

        for (var step = 0; _beam.Count > 0; step++)
        {
            cancel.ThrowIfCancellationRequested();
            Hear(step);
            _beam = Select(Candidates(step));
            Ask();
        }

        _tree.ReleaseAll();
        var whole = _ends.Any(e => e.IsWhole);
        return [.. _ends.Where(e => e.IsWhole == whole).OrderByDescending(e => e.Score).Select(e => (e.Tokens, e.Score))];
    }

    /// <summary>Scores every reading's next symbol in its frame.</summary>
    private void Hear(int step)
    {
        var frames = _beam.Select(e => step - e.Length).ToArray();
        var states = _beam.Select(e => _tree.Handle(e.Node)).ToArray();
        _logProbs = _logProbs.Length < _beam.Count * _symbols ? new float[_beam.Count * _symbols] : _logProbs;
        model.Joint(frames, states, _logProbs.AsSpan(0, _beam.Count * _symbols));
        for (var i = 0; i < _beam.Count; i++)
        {
            var row = _logProbs.AsSpan(i * _symbols, _symbols);
            LogMath.Normalise(row, row);
            _tree.Place(_beam[i].Node) = i;
        }
    }

    /// <summary>Readings after one more symbol or blank; those that have heard the last frame are put aside.</summary>
    private List<Candidate> Candidates(int step)
    {
        var candidates = new List<Candidate>();
        var places = new int[_beam.Count];
        for (var i = 0; i < _beam.Count; i++)
        {
            var (entry, blank) = (_beam[i], _logProbs[(i * _symbols) + model.Blank]);
            places[i] = candidates.Count;
            if (step - entry.Length == model.Frames - 1)
            {
                places[i] = -1;
                End(entry, blank);
                continue;
            }

            var stays = entry with { LogProb = entry.LogProb + blank, Best = entry.Best + blank };
            candidates.Add(new Candidate(stays, From: -1, Symbol: -1, stays.LogProb + _tree.Context(entry.Node)));
        }

        var worst = Worst(candidates);
        for (var i = 0; i < _beam.Count; i++)
        {
            if (_beam[i].Length < _maxSymbols)
            {
                Grow(step, i, candidates, places, worst);
            }
        }

        return candidates;
    }

    private void Grow(int step, int place, List<Candidate> candidates, int[] places, double worst)
    {
        var entry = _beam[place];
        ref readonly var state = ref _tree.State(entry.Node);
        ref var ending = ref _tree.Ending(entry.Node);
        ending = double.IsNaN(ending) ? fusion.EndWord(state, out _) : ending;
        var (hot, context) = (fusion.Hotwords(state), _tree.Context(entry.Node));
        for (var symbol = 0; symbol < _symbols; symbol++)
        {
            var logProb = _logProbs[(place * _symbols) + symbol];
            if (symbol == model.Blank || float.IsNegativeInfinity(logProb))
            {
                continue;
            }

            // A reading that is in the beam already: both ways to it count.
            var (sum, best) = (entry.LogProb + logProb, entry.Best + logProb);
            if (_tree.Find(entry.Node, symbol) is >= 0 and var child && _tree.Place(child) is >= 0 and var other && places[other] >= 0)
            {
                var there = candidates[places[other]];
                var merged = there.Entry with { LogProb = LogMath.Add(there.Entry.LogProb, sum) };
                merged = best > merged.Best ? merged with { Best = best, Chain = Chain(entry.Chain, step - entry.Length, logProb) } : merged;
                candidates[places[other]] = there with { Entry = merged, Score = merged.LogProb + _tree.Context(child) };
                continue;
            }

            var score = sum + context + (texts.BeginsWord[symbol] ? ending : 0) + (hot is null ? 0 : hot.Bonuses[symbol]);
            if (score > worst && fusion.Allows(state, symbol) && (score -= fusion.Leaving(state, symbol)) > worst)
            {
                candidates.Add(new Candidate(new Entry(entry.Node, entry.Length + 1, sum, best, entry.Chain), place, symbol, score, step - entry.Length, logProb));
            }
        }
    }

    /// <summary>What a new reading has to beat: the worst of as many others as the beam holds.</summary>
    private double Worst(List<Candidate> candidates)
    {
        var worst = candidates.Count < options.BeamSize ? None : candidates.Min(c => c.Score);
        return _ends.Count(e => e.IsWhole) < options.BeamSize ? worst
            : Math.Max(worst, _ends.Where(e => e.IsWhole).Select(e => e.Score).OrderDescending().ElementAt(options.BeamSize - 1));
    }

    private List<Entry> Select(List<Candidate> candidates)
    {
        foreach (var entry in _beam)
        {
            _tree.Place(entry.Node) = -1;
        }

        var ended = _ends.Count(e => e.IsWhole) < options.BeamSize ? None : Worst([]);
        var beam = new List<Entry>(options.BeamSize);
        foreach (var candidate in candidates.Where(c => c.Score > ended).OrderByDescending(c => c.Score).Take(options.BeamSize))
        {
            if (candidate.From < 0)
            {
                beam.Add(candidate.Entry);
                continue;
            }

            var (parent, symbol) = (candidate.Entry.Node, candidate.Symbol);
            var child = _tree.Child(parent, symbol, out var isNew);
            if (isNew)
            {
                _tree.Context(child) = _tree.Context(parent) + fusion.Extend(_tree.State(parent), symbol, out var next);
                _tree.State(child) = next;
            }

            beam.Add(candidate.Entry with { Node = child, Chain = Chain(candidate.Entry.Chain, candidate.Frame, candidate.LogProb) });
        }

        return beam;
    }

    /// <summary>Shows the prediction network the symbols of the new readings, and forgets old ones.</summary>
    private void Ask()
    {
        var fresh = _beam.Where(e => _tree.Handle(e.Node) < 0).Select(e => e.Node).ToArray();
        if (fresh.Length > 0)
        {
            var handles = new int[fresh.Length];
            model.Predict([.. fresh.Select(n => _tree.Handle(_tree.Parent(n)))], [.. fresh.Select(_tree.Symbol)], handles);
            for (var i = 0; i < fresh.Length; i++)
            {
                _tree.Handle(fresh[i]) = handles[i];
            }
        }

        var nodes = _beam.Select(e => e.Node).ToArray();
        _tree.Sweep(nodes);
        for (var i = 0; i < nodes.Length; i++)
        {
            _beam[i] = _beam[i] with { Node = nodes[i] };
        }
    }

    private void End(Entry entry, double blank)
    {
        var score = entry.LogProb + blank + _tree.Context(entry.Node);
        var finish = fusion.Finish(_tree.State(entry.Node));
        var isWhole = !double.IsNegativeInfinity(finish);
        var symbols = _tree.Symbols(entry.Node);
        var tokens = new CtcToken[symbols.Length];
        for (var (i, chain) = (symbols.Length - 1, entry.Chain); i >= 0; i--)
        {
            var (before, frame, logProb) = _chains[chain];
            (tokens[i], chain) = (new CtcToken(symbols[i], frame, frame + 1, logProb), before);
        }

        _ends.Add((tokens, isWhole ? score + finish : score, isWhole));
    }

    private int Chain(int before, int frame, float logProb)
    {
        _chains.Add((before, frame, logProb));
        return _chains.Count - 1;
    }

    /// <summary>A reading in the beam.</summary>
    /// <param name="Node">Its last symbol in the tree.</param>
    /// <param name="Length">Its symbols.</param>
    /// <param name="LogProb">The sum over its alignments so far.</param>
    /// <param name="Best">The best of them.</param>
    /// <param name="Chain">The frames of the symbols on the best one; −1: no symbols.</param>
    private readonly record struct Entry(int Node, int Length, double LogProb, double Best, int Chain);

    /// <summary>A reading that may be in the next beam: the same as before, or one symbol more after a place of the beam.</summary>
    private readonly record struct Candidate(Entry Entry, int From, int Symbol, double Score, int Frame = 0, float LogProb = 0);
}
