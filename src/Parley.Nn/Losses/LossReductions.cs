namespace Parley.Nn;

/// <summary>Reductions as weights, which a gradient needs too.</summary>
public static class LossReductions
{
    /// <summary>Factor of each utterance's loss in the reduced one.</summary>
    /// <param name="reduction">How.</param>
    /// <param name="targets">Symbol ids of each utterance.</param>
    public static float[] Weights(this LossReduction reduction, IReadOnlyList<int[]> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        var all = Math.Max(1, targets.Sum(t => (long)t.Length));
        return
        [
            .. targets.Select(t => reduction switch
            {
                LossReduction.Sum => 1f,
                LossReduction.Mean => 1f / targets.Count,
                LossReduction.MeanPerSymbol => (float)(1.0 / ((double)Math.Max(1, t.Length) * targets.Count)),
                LossReduction.MeanVolume => 1f / all,
                _ => throw new ArgumentOutOfRangeException(nameof(reduction), reduction, "loss: no such reduction"),
            }),
        ];
    }

    /// <summary>One number for a batch.</summary>
    /// <param name="losses">Loss of each utterance.</param>
    /// <param name="weights">Factor of each.</param>
    /// <param name="zeroInfinity">Count utterances that have no path as 0.</param>
    public static double Reduce(ReadOnlySpan<double> losses, ReadOnlySpan<float> weights, bool zeroInfinity = false)
    {
        if (losses.Length != weights.Length)
        {
            throw new ArgumentException($"loss: {losses.Length} losses for {weights.Length} weights");
        }

        var sum = 0.0;
        for (var i = 0; i < losses.Length; i++)
        {
            sum += zeroInfinity && double.IsPositiveInfinity(losses[i]) ? 0 : losses[i] * weights[i];
        }

        return sum;
    }
}
