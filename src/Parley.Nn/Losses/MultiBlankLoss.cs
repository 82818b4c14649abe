using Parley.Tensors;

namespace Parley.Nn;

/// <summary>A transducer's loss with further blanks, each of which passes several frames (Xu et al. 2022, arXiv 2211.03541).</summary>
/// <remarks>As <c>MultiblankRNNTLossPytorch</c> of NeMo; a state that no path reaches has −∞ here, −1000 there.</remarks>
public static class MultiBlankLoss
{
    /// <summary>The loss of a batch with its gradients, one utterance's logits at a time.</summary>
    /// <param name="scores">Both networks' results, the joint network, lengths and targets.</param>
    /// <param name="blank">Id of the blank that passes one frame.</param>
    /// <param name="durations">Frames that the big blanks pass, at least 1; the first has the id <paramref name="blank"/> − 1, the second <paramref name="blank"/> − 2.</param>
    /// <param name="reduction">How the batch becomes one number.</param>
    /// <param name="zeroInfinity">Count utterances that have no path as 0; otherwise one of them makes the loss infinite.</param>
    /// <param name="sigma">Taken off every log probability, which favours paths with few steps.</param>
    /// <returns>[].</returns>
    public static Tensor Compute(
        TransducerScores scores, int blank, IReadOnlyList<int> durations, LossReduction reduction = LossReduction.Mean, bool zeroInfinity = false, float sigma = 0)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return scores.Loss(
            "multi-blank", reduction, zeroInfinity, (one, logits, gradient, weights, workers) => Compute(one, logits, gradient, blank, durations, sigma, weights, workers));
    }

    /// <summary>Loss of each utterance, and the gradient of the logits, over plain memory.</summary>
    /// <param name="batch">Sizes, lengths and targets.</param>
    /// <param name="logits">Scores [batch, frames, positions, symbols], all blanks among them.</param>
    /// <param name="gradient">Receives ∂loss/∂logits, 0 in the padding. It may be the logits' own memory; empty: not wanted.</param>
    /// <param name="blank">Id of the blank that passes one frame.</param>
    /// <param name="durations">Frames that the big blanks pass, at least 1; the first has the id <paramref name="blank"/> − 1, the second <paramref name="blank"/> − 2.</param>
    /// <param name="sigma">Taken off every log probability, which favours paths with few steps.</param>
    /// <param name="weights">Factor of each utterance's gradient; empty: 1.</param>
    /// <param name="workers">Threads; default: those of the process.</param>
    /// <returns>+∞, with no gradient, where there are symbols and no frame; NaN, with gradients of NaN, where a score is.</returns>
    public static double[] Compute(
        TransducerBatch batch,
        ReadOnlySpan<float> logits,
        Span<float> gradient,
        int blank,
        IReadOnlyList<int> durations,
        float sigma = 0,
        ReadOnlySpan<float> weights = default,
        Workers? workers = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(durations);
        TransducerArc[] arcs =
        [
            new(Frames: 1, blank),
            .. durations.Select((d, i) => d < 1
                ? throw new ArgumentOutOfRangeException(nameof(durations), d, "multi-blank: a big blank passes at least 1 frame")
                : new TransducerArc(d, blank - 1 - i)),
            new(Frames: 0, Blank: -1),
        ];
        batch.Check("multi-blank", batch.Symbols, [.. Enumerable.Range(0, durations.Count + 1).Select(i => blank - i)]);
        var kernel = new TransducerKernel("multi-blank", batch, batch.Symbols, arcs) { Sigma = sigma };
        return kernel.Run(logits, gradient, weights, workers ?? Workers.Shared);
    }
}
