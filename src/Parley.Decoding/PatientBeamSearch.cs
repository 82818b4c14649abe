using System.Runtime.InteropServices;

namespace Parley.Decoding;

/// <summary>Keeps the best sequences side by side until enough of them have ended: Whisper's beam search, with patience.</summary>
/// <remarks>Kasai et al. 2022 (arXiv 2204.05424) for patience; rules as in openai/whisper:whisper/decoding.py, BeamSearchDecoder.</remarks>
/// <param name="EndToken">Ends a sequence.</param>
/// <param name="MaxTokens">Most tokens chosen.</param>
/// <param name="Patience">The search of a group ends with beams × patience ended sequences.</param>
public sealed record PatientBeamSearch(int EndToken, int MaxTokens, double Patience = 1)
{
    /// <summary>Decodes until every group has enough ended sequences.</summary>
    /// <param name="model">The model after its prompt, all rows of a group alike.</param>
    /// <param name="logits">Scores of the first token [rows, vocabulary]; used as working memory.</param>
    /// <param name="filters">Applied in order before candidates are taken.</param>
    /// <param name="cancel">Stops between steps.</param>
    /// <returns>For each group, at least one hypothesis.</returns>
    public Hypothesis[][] Run(IStepModel model, Span<float> logits, IReadOnlyList<ILogitFilter> filters, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(filters);
        var (beams, vocab) = (model.Beams, model.VocabSize);
        var wanted = Math.Max(1, (int)Math.Round(beams * Patience, MidpointRounding.ToEven));
        var groups = Enumerable.Range(0, model.Groups).Select(_ => new Group(beams)).ToArray();
        var live = Enumerable.Range(0, model.Groups).ToArray();
        var most = Math.Min(MaxTokens, model.Room + 1);
        for (var step = 0; step < most; step++)
        {
            cancel.ThrowIfCancellationRequested();
            var next = new int[live.Length * beams];
            var sources = new int[next.Length];
            for (var g = 0; g < live.Length; g++)
            {
                groups[live[g]].Grow(this, logits.Slice(g * beams * vocab, beams * vocab), filters, wanted, next.AsSpan(g * beams, beams), sources.AsSpan(g * beams, beams));
                for (var b = 0; b < beams; b++)
                {
                    sources[(g * beams) + b] += g * beams;
                }
            }

            if (live.All(g => groups[g].Finished.Count >= wanted || groups[g].Dead) || step == most - 1)
            {
                break;
            }

            model.Reorder(sources);
            var kept = Survivors.Of(live.Length, g => groups[live[g]].Finished.Count < wanted && !groups[live[g]].Dead);
            if (kept.Length < live.Length)
            {
                model.KeepGroups(kept);
                next = [.. kept.SelectMany(g => next.AsSpan(g * beams, beams).ToArray())];
                live = [.. kept.Select(g => live[g])];
            }

            model.Step(next, logits[..(next.Length * vocab)]);
        }

        return [.. groups.Select(g => g.Finish(beams))];
    }

    private sealed class Group(int beams)
    {
        private List<int>[] _rows = [.. Enumerable.Range(0, beams).Select(_ => new List<int>())];
        private double[] _sums = new double[beams];

        public List<Hypothesis> Finished { get; } = [];

        /// <summary>Nothing is left that may be said.</summary>
        public bool Dead { get; private set; }

        public void Grow(PatientBeamSearch search, Span<float> logits, IReadOnlyList<ILogitFilter> filters, int wanted, Span<int> next, Span<int> sources)
        {
            var vocab = logits.Length / _rows.Length;
            var candidates = new List<(int Row, int Token, double Sum)>();
            var seen = new HashSet<string>();
            for (var row = 0; row < _rows.Length; row++)
            {
                // Rows that say the same (all of them at first) count once.
                if (!seen.Add(string.Join(' ', _rows[row])))
                {
                    continue;
                }

                var scores = logits.Slice(row * vocab, vocab);
                LogMath.ThrowIfUnusable(scores);
                foreach (var filter in filters)
                {
                    filter.Apply(scores, CollectionsMarshal.AsSpan(_rows[row]));
                }

                var normaliser = LogMath.LogSumExp(scores);
                foreach (var (token, score) in LogMath.Top(scores, _rows.Length + 1))
                {
                    if (!float.IsNegativeInfinity(score))
                    {
                        candidates.Add((row, token, _sums[row] + score - normaliser));
                    }
                }
            }

            var (rows, sums, saved) = (new List<int>[_rows.Length], new double[_rows.Length], 0);
            foreach (var (row, token, sum) in candidates.OrderByDescending(c => c.Sum))
            {
                if (token == search.EndToken)
                {
                    if (Finished.Count < wanted)
                    {
                        Finished.Add(new Hypothesis([.. _rows[row]], sum, Ended: true));
                    }

                    continue;
                }

                (rows[saved], sums[saved], next[saved], sources[saved]) = ([.. _rows[row], token], sum, token, row);
                if (++saved == _rows.Length)
                {
                    break;
                }
            }

            if (saved == 0)
            {
                Dead = true;
                return;
            }

            // Fewer continuations than rows: the spare rows repeat the best, which counts once.
            for (var spare = saved; spare < _rows.Length; spare++)
            {
                (rows[spare], sums[spare], next[spare], sources[spare]) = ([.. rows[0]], sums[0], next[0], sources[0]);
            }

            (_rows, _sums) = (rows, sums);
        }

        public Hypothesis[] Finish(int beams)
        {
            var unfinished = Enumerable.Range(0, _rows.Length).OrderByDescending(i => _sums[i]).Select(i => new Hypothesis(_rows[i], _sums[i], Ended: false));
            return [.. Finished.Concat(unfinished.Take(Math.Max(0, beams - Finished.Count)))];
        }
    }
}
