namespace Parley.Decoding;

/// <summary>The best alignment of known symbols with frames: Viterbi over CTC's symbols with blanks between them (Graves et al. 2006, §4.1).</summary>
public static class CtcAlignment
{
    private const double None = double.NegativeInfinity;

    /// <summary>The run of frames of each symbol on the most probable path that reads as the symbols.</summary>
    /// <param name="logProbs">Log posteriors [frames, symbols].</param>
    /// <param name="symbols">Posteriors per frame.</param>
    /// <param name="ids">The symbols to align, without blanks.</param>
    /// <param name="blank">Id of the blank.</param>
    /// <returns>First frame and frame after the last, for each symbol.</returns>
    /// <exception cref="ArgumentException">The symbols do not fit the frames, or no path has a probability.</exception>
    public static IReadOnlyList<(int Start, int End)> Align(ReadOnlySpan<float> logProbs, int symbols, IReadOnlyList<int> ids, int blank)
    {
        ArgumentNullException.ThrowIfNull(ids);
        CtcArc[] arcs = [.. ids.Select((id, k) => new CtcArc(id, k, k + 1))];
        return [.. Align(logProbs, symbols, arcs, ids.Count, blank).Path.Select(p => (p.Start, p.End))];
    }

    /// <summary>The most probable path that reads as any row of arcs from place 0 to the last place.</summary>
    /// <param name="logProbs">Log posteriors [frames, symbols].</param>
    /// <param name="symbols">Posteriors per frame.</param>
    /// <param name="arcs">The ways to spell the text, without blanks.</param>
    /// <param name="places">The last place.</param>
    /// <param name="blank">Id of the blank.</param>
    /// <returns>ln P of the path; its arcs by number, each with its first frame and the frame after its last.</returns>
    /// <exception cref="ArgumentException">The text does not fit the frames, or no path has a probability.</exception>
    /// <exception cref="InvalidDataException">Frames and text are more than 2 GiB are enough for (<see cref="ViterbiRows{TWay}"/>).</exception>
    public static (double LogProb, IReadOnlyList<(int Arc, int Start, int End)> Path) Align(
        ReadOnlySpan<float> logProbs, int symbols, IReadOnlyList<CtcArc> arcs, int places, int blank)
    {
        ArgumentNullException.ThrowIfNull(arcs);
        if (symbols < 1 || logProbs.Length % symbols != 0)
        {
            throw new ArgumentException($"ctc: {logProbs.Length} scores are no whole frames of {symbols} symbols");
        }

        var frames = logProbs.Length / symbols;
        if (arcs.Count == 0)
        {
            return (0, []);
        }

        var best = (Score: None, State: -1);
        var graph = new Graph(arcs, places, blank);
        var rows = frames == 0 ? null : new ViterbiRows<byte>(frames, graph.States, graph.Step(logProbs, symbols));
        foreach (var state in rows is null ? [] : graph.Ends)
        {
            best = rows!.Last[state] > best.Score ? (rows.Last[state], state) : best;
        }

        if (best.State < 0)
        {
            throw new ArgumentException($"ctc: a text of {places} places has no path through {frames} frames");
        }

        List<(int Arc, int Start, int End)> path = [];
        for (var (t, state) = (frames - 1, best.State); t >= 0; t--)
        {
            var way = rows!.Ways(t)[state];
            if (state < arcs.Count && path.Count > 0 && path[^1].Arc == state)
            {
                path[^1] = (state, t, path[^1].End);
            }
            else if (state < arcs.Count)
            {
                path.Add((state, t, t + 1));
            }

            state = graph.Before(state, way);
        }

        path.Reverse();
        return (best.Score, path);
    }

    /// <summary>The mean log posterior of a symbol over a run of frames.</summary>
    internal static double Mean(ReadOnlySpan<float> logProbs, int symbols, int id, int start, int end)
    {
        var sum = 0.0;
        for (var t = start; t < end; t++)
        {
            sum += logProbs[(t * symbols) + id];
        }

        return sum / (end - start);
    }

    /// <summary>A state for each arc, then one for the blank at each place; with the states that lead into each.</summary>
    private sealed class Graph
    {
        private readonly int[] _columns;
        private readonly int[] _first;
        private readonly int[] _from;
        private readonly int[] _ids;
        private readonly bool[] _starts;

        public Graph(IReadOnlyList<CtcArc> arcs, int places, int blank)
        {
            var entering = new List<int>[places + 1];
            for (var a = 0; a < arcs.Count; a++)
            {
                (entering[arcs[a].To] ??= []).Add(a);
            }

            _ids = [.. arcs.Select(a => a.Id).Append(blank).Distinct()];
            var column = _ids.Index().ToDictionary(i => i.Item, i => i.Index);
            (_columns, _first, _starts) = (new int[arcs.Count + places + 1], new int[arcs.Count + places + 2], new bool[arcs.Count + places + 1]);
            List<int> from = [];
            for (var state = 0; state < _columns.Length; state++)
            {
                var (place, isArc) = state < arcs.Count ? (arcs[state].From, true) : (state - arcs.Count, false);
                _columns[state] = column[isArc ? arcs[state].Id : blank];
                _starts[state] = place == 0;
                if (isArc)
                {
                    from.Add(arcs.Count + place);
                }

                // Between two equal symbols a blank must be heard, else they would be one.
                from.AddRange((entering[place] ?? []).Where(a => !isArc || arcs[a].Id != arcs[state].Id));
                _first[state + 1] = from.Count;
                if (_first[state + 1] - _first[state] > byte.MaxValue)
                {
                    throw new ArgumentException($"ctc: more than {byte.MaxValue} symbols end at one place of the text");
                }
            }

            _from = [.. from];
            Ends = [arcs.Count + places, .. entering[places] ?? []];
        }

        public int States => _columns.Length;

        public IReadOnlyList<int> Ends { get; }

        /// <summary>Where a way comes from: 0 is the state itself.</summary>
        public int Before(int state, byte way) => way == 0 ? state : _from[_first[state] + way - 1];

        public ViterbiRows<byte>.Step Step(ReadOnlySpan<float> logProbs, int symbols)
        {
            // Only the symbols of the text are looked at.
            var heard = new float[logProbs.Length / symbols * _ids.Length];
            for (var i = 0; i < heard.Length; i++)
            {
                heard[i] = logProbs[(i / _ids.Length * symbols) + _ids[i % _ids.Length]];
            }

            return (t, before, after, ways) => Advance(heard.AsSpan(t * _ids.Length, _ids.Length), t == 0, before, after, ways);
        }

        private void Advance(ReadOnlySpan<float> heard, bool isFirst, ReadOnlySpan<double> before, Span<double> after, Span<byte> ways)
        {
            for (var state = 0; state < after.Length; state++)
            {
                var (best, way) = (isFirst ? _starts[state] ? 0 : None : before[state], 0);
                for (var i = _first[state]; i < _first[state + 1] && !isFirst; i++)
                {
                    if (before[_from[i]] > best)
                    {
                        (best, way) = (before[_from[i]], i - _first[state] + 1);
                    }
                }

                after[state] = best + heard[_columns[state]];
                ways[state] = (byte)way;
            }
        }
    }
}
