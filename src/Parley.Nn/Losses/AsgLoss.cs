using Parley.Tensors;

namespace Parley.Nn;

/// <summary>
/// Auto segmentation: how far the paths that spell a target stay behind all paths of symbols, with learnt scores of transitions (Collobert et al. 2016,
/// arXiv 1609.03193, §2.4).
/// </summary>
/// <remarks>
/// As flashlight's <c>AutoSegmentationCriterion</c> without scaling by target size, for which there are weights. There are no blanks, a repeated symbol is the
/// caller's to mark, and scores are not normalised. A target longer than its frames is cut there; here it has no path.
/// </remarks>
public static unsafe class AsgLoss
{
    /// <summary>The loss of a batch with its gradients.</summary>
    /// <param name="emissions">Scores [batch, frames, symbols].</param>
    /// <param name="transitions">Score of each symbol after another, [to, from]: a parameter that is trained with the network.</param>
    /// <param name="frames">Valid frames of each utterance.</param>
    /// <param name="targets">Symbol ids of each.</param>
    /// <param name="reduction">How the batch becomes one number.</param>
    /// <param name="zeroInfinity">Count utterances that have no path as 0; otherwise one of them makes the loss infinite.</param>
    /// <returns>[].</returns>
    public static Tensor Compute(
        Tensor emissions, Tensor transitions, IReadOnlyList<int> frames, IReadOnlyList<int[]> targets, LossReduction reduction = LossReduction.Mean, bool zeroInfinity = false)
    {
        ArgumentNullException.ThrowIfNull(emissions);
        ArgumentNullException.ThrowIfNull(transitions);
        ArgumentNullException.ThrowIfNull(targets);
        if (emissions.Shape.Rank != 3 || emissions.Shape[0] != targets.Count)
        {
            throw new ShapeException($"asg: emissions {emissions.Shape} are not [batch, frames, symbols] for {targets.Count} targets");
        }

        var (x, g, wanted) = (emissions.StopGradient().Contiguous(), transitions.StopGradient().Contiguous(), Autograd.Records([emissions, transitions]));
        var weights = reduction.Weights(targets);
        var gradient = wanted ? Tensor.Empty(x.Shape, x.Backend) : null;
        var transitionGradient = wanted ? Tensor.Empty(g.Shape, g.Backend) : null;
        var losses = Compute(
            x.Values, x.Shape[2], frames, targets, g.Values, gradient is null ? [] : gradient.Span, transitionGradient is null ? [] : transitionGradient.Span, weights, x.Backend.Workers);
        var value = (float)LossReductions.Reduce(losses, weights, zeroInfinity);
        return wanted ? Tensor.Loss("asg", value, x.Backend, (emissions, gradient!), (transitions, transitionGradient!)) : Tensor.From([value], [], x.Backend);
    }

    /// <summary>Loss of each utterance, and the gradients of the emissions and of the transitions, over plain memory.</summary>
    /// <param name="emissions">Scores [batch, frames, symbols].</param>
    /// <param name="symbols">Symbols.</param>
    /// <param name="frames">Valid frames of each utterance.</param>
    /// <param name="targets">Symbol ids of each.</param>
    /// <param name="transitions">Score of each symbol after another, [to, from].</param>
    /// <param name="gradient">Receives ∂loss/∂emissions, 0 in the padding. It may be the emissions' own memory; empty: no gradients are wanted.</param>
    /// <param name="transitionGradient">Receives ∂(Σ weight · loss)/∂transitions; empty when <paramref name="gradient"/> is.</param>
    /// <param name="weights">Factor of each utterance's gradients, as <see cref="LossReductions.Weights"/> gives; empty: 1.</param>
    /// <param name="workers">Threads; default: those of the process.</param>
    /// <returns>At least 0; +∞, with no gradient, where a target has more symbols than frames, or none; NaN, with gradients of NaN, where a score is.</returns>
    public static double[] Compute(
        ReadOnlySpan<float> emissions,
        int symbols,
        IReadOnlyList<int> frames,
        IReadOnlyList<int[]> targets,
        ReadOnlySpan<float> transitions,
        Span<float> gradient,
        Span<float> transitionGradient,
        ReadOnlySpan<float> weights = default,
        Workers? workers = null)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(targets);
        var time = Check(emissions, symbols, frames, targets, transitions, gradient, transitionGradient, weights);
        var (losses, factors) = (new double[targets.Count], weights.Length == 0 ? null : weights.ToArray());
        var stride = AsgFullGraph.Stride(symbols);
        var (rows, flows) = (Transposed(transitions, symbols, stride), new float[gradient.Length == 0 ? 0 : targets.Count][]);
        fixed (float* fixedEmissions = emissions, fixedGradient = gradient, fixedTransitions = rows)
        {
            var (x, y, g, wanted) = ((nint)fixedEmissions, (nint)fixedGradient, (nint)fixedTransitions, gradient.Length > 0);
            (workers ?? Workers.Shared).Run(targets.Count, i =>
            {
                var from = (long)i * time * symbols;
                var own = wanted ? (float*)y + from : null;
                losses[i] = One((float*)x + from, frames[i], time, symbols, targets[i], (float*)g, own, factors is null ? 1f : factors[i], out var flow);
                if (wanted)
                {
                    flows[i] = flow;
                }
            });
        }

        // In the order of the batch, whichever thread was first.
        transitionGradient.Clear();
        foreach (var flow in flows)
        {
            for (var from = 0; from < symbols && flow.Length > 0; from++)
            {
                for (var to = 0; to < symbols; to++)
                {
                    transitionGradient[(to * symbols) + from] += flow[(from * stride) + to];
                }
            }
        }

        return losses;
    }

    private static double One(float* x, int frames, int time, int symbols, int[] target, float* transitions, float* gradient, float weight, out float[] flow)
    {
        flow = [];
        var valid = frames * symbols;
        if (gradient is not null)
        {
            new Span<float>(gradient + valid, (time - frames) * symbols).Clear();
        }

        if (frames == 0 || target.Length == 0 || target.Length > frames)
        {
            return NoPath(frames == 0 && target.Length == 0 ? 0 : double.PositiveInfinity);
        }

        using var all = new AsgFullGraph(x, frames, symbols, transitions);
        using var spelled = new AsgTargetGraph(x, frames, symbols, target, transitions);
        all.Forward();
        spelled.Forward();
        if (double.IsNegativeInfinity(spelled.Total) && !double.IsNaN(all.Total))
        {
            return NoPath(double.PositiveInfinity);
        }

        var loss = all.Total - spelled.Total;
        if (gradient is null)
        {
            return loss;
        }

        var stride = AsgFullGraph.Stride(symbols);
        flow = new float[symbols * stride];
        if (double.IsNaN(loss))
        {
            new Span<float>(gradient, valid).Fill(float.NaN);
            Array.Fill(flow, float.NaN);
            return loss;
        }

        // From here on the emissions may be gone.
        all.Backward(gradient, weight);
        spelled.Backward(gradient, weight);
        new Span<float>(all.Flow(0), flow.Length).CopyTo(flow);
        for (var s = 0; s < target.Length; s++)
        {
            flow[(target[s] * stride) + target[s]] -= spelled.Stayed[s];
            if (s > 0)
            {
                flow[(target[s - 1] * stride) + target[s]] -= spelled.Stepped[s];
            }
        }

        return loss;

        double NoPath(double value)
        {
            if (gradient is not null)
            {
                new Span<float>(gradient, valid).Clear();
            }

            return value;
        }
    }

    /// <summary>By the symbol they come from, so that those to go to lie side by side; −∞ past the last.</summary>
    private static float[] Transposed(ReadOnlySpan<float> transitions, int symbols, int stride)
    {
        var rows = new float[symbols * stride];
        Array.Fill(rows, float.NegativeInfinity);
        for (var to = 0; to < symbols; to++)
        {
            for (var from = 0; from < symbols; from++)
            {
                rows[(from * stride) + to] = transitions[(to * symbols) + from];
            }
        }

        return rows;
    }

    private static int Check(
        ReadOnlySpan<float> emissions,
        int symbols,
        IReadOnlyList<int> frames,
        IReadOnlyList<int[]> targets,
        ReadOnlySpan<float> transitions,
        Span<float> gradient,
        Span<float> transitionGradient,
        ReadOnlySpan<float> weights)
    {
        var utterance = (long)targets.Count * symbols;
        if (symbols < 1 || frames.Count != targets.Count || (utterance == 0 ? emissions.Length != 0 : emissions.Length % utterance != 0))
        {
            throw new ShapeException($"asg: {emissions.Length} emissions are no frames of {symbols} symbols for {frames.Count} lengths and {targets.Count} targets");
        }

        if (transitions.Length != symbols * symbols || transitionGradient.Length != (gradient.Length == 0 ? 0 : transitions.Length))
        {
            throw new ShapeException($"asg: {transitions.Length} transitions, and {transitionGradient.Length} gradients of them, for {symbols} symbols; [{symbols}, {symbols}] is needed");
        }

        if (gradient.Length != 0 && (gradient.Length != emissions.Length || (emissions.Overlaps(gradient, out var offset) && offset != 0)))
        {
            throw new ArgumentException($"asg: the gradient needs memory as large as the emissions, {emissions.Length}, and may be theirs but not shifted in it; it has {gradient.Length}");
        }

        if (weights.Length != 0 && weights.Length != targets.Count)
        {
            throw new ArgumentException($"asg: {weights.Length} weights for {targets.Count} utterances");
        }

        var time = utterance == 0 ? 0 : (int)(emissions.Length / utterance);
        for (var i = 0; i < targets.Count; i++)
        {
            if (frames[i] < 0 || frames[i] > time)
            {
                throw new ShapeException($"asg: utterance {i} has {frames[i]} frames; emissions have {time}");
            }

            foreach (var id in targets[i])
            {
                if ((uint)id >= (uint)symbols)
                {
                    throw new ArgumentOutOfRangeException(nameof(targets), id, $"asg: target symbol {id} of utterance {i} is outside 0..{symbols - 1}");
                }
            }
        }

        return time;
    }
}
