using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Connectionist temporal classification of a batch as one number (Graves et al. 2006); each utterance's own loss is <see cref="Tensor.CtcLoss"/>.</summary>
/// <remarks>As <c>torch.nn.functional.ctc_loss</c>, its log-softmax included.</remarks>
public static class CtcLoss
{
    /// <summary>The loss, with its gradient.</summary>
    /// <param name="logits">Scores [batch, frames, symbols].</param>
    /// <param name="frames">Valid frames of each utterance.</param>
    /// <param name="targets">Symbol ids of each, without blanks.</param>
    /// <param name="blank">Id of the blank.</param>
    /// <param name="reduction">How the batch becomes one number.</param>
    /// <param name="zeroInfinity">Count utterances that so few frames cannot spell as 0; otherwise one of them makes the loss infinite.</param>
    /// <returns>[].</returns>
    public static Tensor Compute(
        Tensor logits, IReadOnlyList<int> frames, IReadOnlyList<int[]> targets, int blank, LossReduction reduction = LossReduction.MeanPerSymbol, bool zeroInfinity = false)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        var losses = logits.CtcLoss(frames, targets, blank);
        var known = losses.Values;
        var weights = reduction.Weights(targets);
        for (var i = 0; zeroInfinity && i < weights.Length; i++)
        {
            weights[i] = float.IsPositiveInfinity(known[i]) ? 0 : weights[i];
        }

        // Infinity times a weight of 0 would be no number.
        losses = zeroInfinity ? losses.Minimum(float.MaxValue) : losses;
        return (losses * Tensor.From(weights, [weights.Length], logits.Backend)).Sum();
    }
}
