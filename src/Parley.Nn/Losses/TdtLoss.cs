using Parley.Tensors;

namespace Parley.Nn;

/// <summary>The token-and-duration transducer's loss: each symbol and each blank says also how many frames it passes (Xu et al. 2023, arXiv 2304.06795).</summary>
/// <remarks>As <c>TDTLossPytorch</c> of NeMo, which Parakeet-TDT is trained with; a state that no path reaches has −∞ here, −1000 there.</remarks>
public static class TdtLoss
{
    /// <summary>The loss of a batch with its gradients, one utterance's logits at a time.</summary>
    /// <param name="scores">Both networks' results, the joint network, lengths and targets.</param>
    /// <param name="blank">Id of the blank; with a duration of 0 it is no path.</param>
    /// <param name="durations">Frames that each duration stands for.</param>
    /// <param name="reduction">How the batch becomes one number.</param>
    /// <param name="zeroInfinity">Count utterances that have no path as 0; otherwise one of them makes the loss infinite.</param>
    /// <param name="sigma">Taken off every log probability of a symbol, which favours paths with few steps.</param>
    /// <returns>[].</returns>
    public static Tensor Compute(
        TransducerScores scores, int blank, IReadOnlyList<int> durations, LossReduction reduction = LossReduction.Mean, bool zeroInfinity = false, float sigma = 0)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return scores.Loss(
            "tdt", reduction, zeroInfinity, (one, logits, gradient, weights, workers) => Compute(one, logits, gradient, blank, durations, sigma, weights, workers));
    }

    /// <summary>Loss of each utterance, and the gradient of the logits, over plain memory.</summary>
    /// <param name="batch">Sizes, lengths and targets.</param>
    /// <param name="logits">Scores [batch, frames, positions, symbols]: those of the symbols, then one for each duration.</param>
    /// <param name="gradient">Receives ∂loss/∂logits, 0 in the padding. It may be the logits' own memory; empty: not wanted.</param>
    /// <param name="blank">Id of the blank; with a duration of 0 it is no path.</param>
    /// <param name="durations">Frames that each duration stands for.</param>
    /// <param name="sigma">Taken off every log probability of a symbol, which favours paths with few steps.</param>
    /// <param name="weights">Factor of each utterance's gradient; empty: 1.</param>
    /// <param name="workers">Threads; default: those of the process.</param>
    /// <returns>+∞, with no gradient, where so many frames cannot be passed with these durations; NaN, with gradients of NaN, where a score is.</returns>
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
        if (durations.Count == 0 || durations.Any(d => d < 0))
        {
            throw new ArgumentException($"tdt: durations [{string.Join(", ", durations)}] must be at least one, and none below 0");
        }

        TransducerArc[] arcs =
        [
            .. durations.Select((d, i) => new TransducerArc(d, blank, i)).Where(a => a.Frames > 0),
            .. durations.Select((d, i) => new TransducerArc(d, Blank: -1, i)),
        ];
        var labels = batch.Symbols - durations.Count;
        batch.Check("tdt", labels, [blank]);
        var kernel = new TransducerKernel("tdt", batch, labels, arcs) { Sigma = sigma };
        return kernel.Run(logits, gradient, weights, workers ?? Workers.Shared);
    }
}
