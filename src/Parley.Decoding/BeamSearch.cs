using System.Runtime.InteropServices;
using System.Numerics.Tensors;

namespace Parley.Decoding;

/// <summary>Beam search whose ended sequences compete by sum / length^penalty, as text generation libraries do it.</summary>
/// <remarks>Rules as in huggingface/transformers:generation/beam_search.py with early_stopping false; filters act on log-probabilities.</remarks>
/// <param name="EndToken">Ends a sequence.</param>
/// <param name="MaxTokens">Most tokens chosen.</param>
/// <param name="LengthPenalty">Above 0 favours longer sequences.</param>
public sealed record BeamSearch(int EndToken, int MaxTokens, double LengthPenalty = 1)
{
    /// <summary>Decodes every group; returns its best hypotheses, best first.</summary>
    /// <param name="model">The model after its prompt, all rows of a group alike.</param>
    /// <param name="logits">Scores of the first token [rows, vocabulary]; used as working memory.</param>
    /// <param name="filters">Applied in order to the log-probabilities.</param>
    /// <param name="cancel">Stops between steps.</param>
    public Hypothesis[][] Run(IStepModel model, Span<float> logits, IReadOnlyList<ILogitFilter> filters, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(filters);
        var (beams, vocab) = (model.Beams, model.VocabSize);
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
                groups[live[g]].Grow(this, step + 1, logits.Slice(g * beams * vocab, beams * vocab), filters, next.AsSpan(g * beams, beams), sources.AsSpan(g * beams, beams));
                for (var b = 0; b < beams; b++)
                {
                    sources[(g * beams) + b] += g * beams;
                }
            }

            var kept = Survivors.Of(live.Length, g => !groups[live[g]].Done && !groups[live[g]].IsDead);
            if (kept.Length == 0 || step == most - 1)
            {
                break;
            }

            model.Reorder(sources);
            if (kept.Length < live.Length)
            {
                model.KeepGroups(kept);
                next = [.. kept.SelectMany(g => next.AsSpan(g * beams, beams).ToArray())];
                live = [.. kept.Select(g => live[g])];
            }

            model.Step(next, logits[..(next.Length * vocab)]);
        }

        return [.. groups.Select(g => g.Finish(LengthPenalty))];
    }

    private sealed class Group(int beams)
    {
        private readonly List<(Hypothesis Hypothesis, double Score)> _ended = [];
        private List<int>[] _rows = [.. Enumerable.Range(0, beams).Select(_ => new List<int>())];

        // Rows at -∞ are spare: at first all are alike, so only one of them counts.
        private double[] _sums = [0, .. Enumerable.Repeat(double.NegativeInfinity, beams - 1)];

        public bool Done { get; private set; }

        public bool IsDead { get; private set; }

        public void Grow(BeamSearch search, int length, Span<float> logits, IReadOnlyList<ILogitFilter> filters, Span<int> next, Span<int> sources)
        {
            var vocab = logits.Length / beams;
            var candidates = new List<(int Row, int Token, double Sum)>();
            for (var row = 0; row < beams; row++)
            {
                var scores = logits.Slice(row * vocab, vocab);
                LogMath.ThrowIfUnusable(scores);
                var normaliser = LogMath.LogSumExp(scores);
                if (double.IsNegativeInfinity(_sums[row]) || float.IsNegativeInfinity(normaliser))
                {
                    continue;
                }

                TensorPrimitives.Subtract(scores, normaliser, scores);
                foreach (var filter in filters)
                {
                    filter.Apply(scores, CollectionsMarshal.AsSpan(_rows[row]));
                }

                foreach (var (token, score) in LogMath.Top(scores, 2 * beams))
                {
                    if (!float.IsNegativeInfinity(score))
                    {
                        candidates.Add((row, token, _sums[row] + score));
                    }
                }
            }

            var ranked = candidates.OrderByDescending(c => c.Sum).Take(2 * beams).ToArray();
            var (rows, sums, saved) = (new List<int>[beams], new double[beams], 0);
            for (var rank = 0; rank < ranked.Length && saved < beams; rank++)
            {
                var (row, token, sum) = ranked[rank];
                if (token != search.EndToken)
                {
                    (rows[saved], sums[saved], next[saved], sources[saved]) = ([.. _rows[row], token], sum, token, row);
                    saved++;
                }
                else if (rank < beams)
                {
                    Add(new Hypothesis([.. _rows[row]], sum, Ended: true), length, search.LengthPenalty);
                }
            }

            if (saved == 0)
            {
                // Nothing may follow: what has ended is the answer, or else what has been said so far.
                Done = _ended.Count > 0;
                IsDead = true;
                return;
            }

            for (var spare = saved; spare < beams; spare++)
            {
                (rows[spare], sums[spare], next[spare], sources[spare]) = ([.. rows[0]], double.NegativeInfinity, next[0], sources[0]);
            }

            (_rows, _sums) = (rows, sums);
            Done = _ended.Count >= beams && _ended[^1].Score >= ranked[0].Sum / Math.Pow(length, search.LengthPenalty);
        }

        public Hypothesis[] Finish(double lengthPenalty)
        {
            for (var row = 0; row < beams && !Done; row++)
            {
                if (double.IsNegativeInfinity(_sums[row]))
                {
                    continue;
                }

                Add(new Hypothesis(_rows[row], _sums[row], Ended: false), _rows[row].Count, lengthPenalty);
            }

            return [.. _ended.Select(e => e.Hypothesis)];
        }

        private void Add(Hypothesis hypothesis, int length, double lengthPenalty)
        {
            var score = hypothesis.SumLogProb / Math.Pow(Math.Max(length, 1), lengthPenalty);
            var place = _ended.FindIndex(e => score > e.Score);
            _ended.Insert(place < 0 ? _ended.Count : place, (hypothesis, score));
            if (_ended.Count > beams)
            {
                _ended.RemoveAt(beams);
            }
        }
    }
}
