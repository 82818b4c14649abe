using Parley.Tensors;

namespace Parley.Nn;

/// <summary>The recurrent neural network transducer's loss: −ln of the probability of all ways to emit a target over the frames (Graves 2012, arXiv 1211.3711, §2.4).</summary>
/// <remarks>As <c>torchaudio.functional.rnnt_loss</c>, its log-softmax included. Every path ends with a blank in the last frame.</remarks>
public static class RnntLoss
{
    /// <summary>The loss of a batch with its gradients, one utterance's logits at a time.</summary>
    /// <param name="scores">Both networks' results, the joint network, lengths and targets.</param>
    /// <param name="blank">Id of the blank; a target has none.</param>
    /// <param name="reduction">How the batch becomes one number.</param>
    /// <param name="zeroInfinity">Count utterances that have no path as 0; otherwise one of them makes the loss infinite.</param>
    /// <param name="clamp">Each gradient of a logit is held within ± this, before it is weighed; 0: no bound.</param>
    /// <returns>[].</returns>
    public static Tensor Compute(TransducerScores scores, int blank, LossReduction reduction = LossReduction.Mean, bool zeroInfinity = false, float clamp = 0)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return scores.Loss("rnnt", reduction, zeroInfinity, (one, logits, gradient, weights, workers) => Compute(one, logits, gradient, blank, clamp, weights, workers));
    }

    /// <summary>Loss of each utterance, and the gradient of the logits, over plain memory.</summary>
    /// <param name="batch">Sizes, lengths and targets.</param>
    /// <param name="logits">Scores [batch, frames, positions, symbols].</param>
    /// <param name="gradient">Receives ∂loss/∂logits, 0 in the padding. It may be the logits' own memory; empty: not wanted.</param>
    /// <param name="blank">Id of the blank; a target has none.</param>
    /// <param name="clamp">Each gradient is held within ± this, before it is weighed; 0: no bound.</param>
    /// <param name="weights">Factor of each utterance's gradient, as <see cref="LossReductions.Weights"/> gives; empty: 1.</param>
    /// <param name="workers">Threads; default: those of the process.</param>
    /// <returns>+∞, with no gradient, where there are symbols and no frame; NaN, with gradients of NaN, where a score is.</returns>
    public static double[] Compute(
        TransducerBatch batch,
        ReadOnlySpan<float> logits,
        Span<float> gradient,
        int blank,
        float clamp = 0,
        ReadOnlySpan<float> weights = default,
        Workers? workers = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.Check("rnnt", batch.Symbols, [blank]);
        var kernel = new TransducerKernel("rnnt", batch, batch.Symbols, [new(Frames: 1, blank), new(Frames: 0, Blank: -1)]) { Clamp = clamp };
        return kernel.Run(logits, gradient, weights, workers ?? Workers.Shared);
    }
}
