using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Losses and gradients of a batch of transducer lattices that differ only in their arcs.</summary>
/// <remarks>
/// Three passes: log probabilities of the arcs, the lattices, and softmax × occupancy − flow. Only the first and the last touch the logits, in pieces of a
/// few frames; the gradient may take their place, since each row is read before it is written.
/// </remarks>
internal sealed unsafe class TransducerKernel(string loss, TransducerBatch batch, int labels, TransducerArc[] arcs)
{
    private const int FramesPerPiece = 8;

    private readonly TransducerLattice[] _lattices = new TransducerLattice[batch.Targets.Count];
    private nint _norms;

    /// <summary>Taken off each log probability of a symbol; durations are left alone.</summary>
    internal float Sigma { get; init; }

    /// <summary>Bound of each gradient; 0: none.</summary>
    internal float Clamp { get; init; }

    /// <summary>Losses; the gradient is weighed by utterance. An empty gradient is not computed, empty weights are 1.</summary>
    internal double[] Run(ReadOnlySpan<float> logits, Span<float> gradient, ReadOnlySpan<float> weights, Workers workers)
    {
        Check(logits, gradient, weights);
        var factors = weights.Length == 0 ? null : weights.ToArray();
        var perUtterance = (batch.Frames + FramesPerPiece - 1) / FramesPerPiece;
        var pieces = checked(perUtterance * _lattices.Length);
        var bytes = Math.Max(1, (long)_lattices.Length * batch.Frames * batch.Positions) * 4 * sizeof(float);
        _norms = MemoryPool.Rent(bytes);
        try
        {
            for (var i = 0; i < _lattices.Length; i++)
            {
                _lattices[i] = new TransducerLattice(batch.FrameLengths[i], batch.Targets[i].Length, arcs);
            }

            fixed (float* fixedLogits = logits, fixedGradient = gradient)
            {
                var (x, y) = ((nint)fixedLogits, (nint)fixedGradient);
                var wanted = gradient.Length > 0;
                void ScoreFrame(int i, int t) => Score((float*)x, i, t);
                void DifferentiateFrame(int i, int t) => Differentiate((float*)x, (float*)y, i, t, factors is null ? 1f : factors[i]);
                workers.Run(pieces, p => ForFrames(p, perUtterance, ScoreFrame));
                workers.Run(_lattices.Length, i => _lattices[i].Solve(wanted));
                if (wanted)
                {
                    workers.Run(pieces, p => ForFrames(p, perUtterance, DifferentiateFrame));
                }
            }

            return [.. _lattices.Select(l => l.Loss)];
        }
        finally
        {
            Array.ForEach(_lattices, l => l?.Dispose());
            MemoryPool.Return(_norms, bytes);
        }
    }

    private void ForFrames(int piece, int perUtterance, Action<int, int> work)
    {
        var (i, first) = (piece / perUtterance, piece % perUtterance * FramesPerPiece);
        for (var t = first; t < Math.Min(first + FramesPerPiece, batch.Frames); t++)
        {
            work(i, t);
        }
    }

    /// <summary>Log probabilities of all arcs from one frame.</summary>
    private void Score(float* logits, int i, int t)
    {
        var (lattice, target) = (_lattices[i], batch.Targets[i]);
        if (t >= lattice.Frames)
        {
            return;
        }

        var durations = batch.Symbols - labels;
        for (var u = 0; u <= lattice.Labels; u++)
        {
            var x = logits + (Cell(i, t, u) * batch.Symbols);
            var norms = Norms(i, t, u);
            var (top, sum) = LossRows.Exponentials(x, null, labels);
            var (durationTop, durationSum) = durations == 0 ? (0f, 1.0) : LossRows.Exponentials(x + labels, null, durations);
            (norms[0], norms[1], norms[2], norms[3]) = (top, (float)sum, durationTop, (float)durationSum);
            var (log, durationLog) = (top + Math.Log(sum) + Sigma, durationTop + Math.Log(durationSum));
            for (var k = 0; k < arcs.Length; k++)
            {
                if (lattice.Leads(arcs[k], t, u))
                {
                    var score = x[Symbol(arcs[k], target, u)] - log + (arcs[k].Duration < 0 ? 0 : x[labels + arcs[k].Duration] - durationLog);
                    lattice.Arc(k, t + u)[u] = (float)score;
                }
            }
        }
    }

    /// <summary>Gradient of the logits of one frame.</summary>
    private void Differentiate(float* logits, float* gradient, int i, int t, float weight)
    {
        var (lattice, target, symbols) = (_lattices[i], batch.Targets[i], batch.Symbols);
        for (var u = 0; u < batch.Positions; u++)
        {
            var x = logits + (Cell(i, t, u) * symbols);
            var y = gradient + (Cell(i, t, u) * symbols);
            var inside = t < lattice.Frames && u <= lattice.Labels;
            var occupancy = inside && double.IsFinite(lattice.Loss) ? lattice.Occupancy(t + u)[u] * weight : 0f;
            if (occupancy == 0)
            {
                new Span<float>(y, symbols).Fill(inside && double.IsNaN(lattice.Loss) ? float.NaN : 0f);
                continue;
            }

            var norms = Norms(i, t, u);
            LossRows.ScaledExp(x, norms[0], occupancy / norms[1], y, labels);
            if (symbols > labels)
            {
                LossRows.ScaledExp(x + labels, norms[2], occupancy / norms[3], y + labels, symbols - labels);
            }

            for (var k = 0; k < arcs.Length; k++)
            {
                if (lattice.Leads(arcs[k], t, u))
                {
                    var flow = lattice.Arc(k, t + u)[u] * weight;
                    y[Symbol(arcs[k], target, u)] -= flow;
                    if (arcs[k].Duration >= 0)
                    {
                        y[labels + arcs[k].Duration] -= flow;
                    }
                }
            }

            if (Clamp > 0)
            {
                LossRows.Clamp(y, Clamp * Math.Abs(weight), symbols);
            }
        }
    }

    private static int Symbol(TransducerArc arc, int[] target, int u) => arc.Blank < 0 ? target[u] : arc.Blank;

    private long Cell(int i, int t, int u) => ((((long)i * batch.Frames) + t) * batch.Positions) + u;

    /// <summary>Largest score and sum of exponentials relative to it, for symbols and for durations.</summary>
    private float* Norms(int i, int t, int u) => (float*)_norms + (4 * Cell(i, t, u));

    private void Check(ReadOnlySpan<float> logits, Span<float> gradient, ReadOnlySpan<float> weights)
    {
        if (logits.Length != batch.Count)
        {
            throw new ShapeException($"{loss}: {logits.Length} logits are not [{batch.Targets.Count}, {batch.Frames}, {batch.Positions}, {batch.Symbols}]");
        }

        if (gradient.Length != 0 && (gradient.Length != logits.Length || (logits.Overlaps(gradient, out var offset) && offset != 0)))
        {
            throw new ArgumentException($"{loss}: the gradient needs memory as large as the logits, {logits.Length}, and may be theirs but not shifted in it; it has {gradient.Length}");
        }

        if (weights.Length != 0 && weights.Length != batch.Targets.Count)
        {
            throw new ArgumentException($"{loss}: {weights.Length} weights for {batch.Targets.Count} utterances");
        }

        if (!(Clamp >= 0) || !float.IsFinite(Sigma))
        {
            throw new ArgumentException($"{loss}: the bound of a gradient, {Clamp}, must not be negative, and sigma, {Sigma}, must be finite");
        }
    }
}
