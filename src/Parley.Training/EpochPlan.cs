using Parley.Nn;

namespace Parley.Training;

/// <summary>Which utterances make which batch of an epoch: a function of seed and epoch alone, so that a resumed run goes on where it was.</summary>
/// <remarks>
/// Utterances are put in order of length, a little disturbed so that batches differ from epoch to epoch, and cut where a batch, padded to its
/// longest, would pass its budget; then the batches are shuffled.
/// </remarks>
public static class EpochPlan
{
    private const double Disturbance = 0.1;

    /// <summary>Batches of indices.</summary>
    /// <param name="seconds">Length of each utterance.</param>
    /// <param name="budget">Seconds of a batch, padding counted; a longer utterance is a batch of its own.</param>
    /// <param name="seed">Of the run.</param>
    /// <param name="epoch">From 0.</param>
    /// <param name="sorted">From short to long, nothing shuffled.</param>
    public static IReadOnlyList<int[]> Batches(IReadOnlyList<double> seconds, double budget, ulong seed, int epoch, bool sorted)
    {
        ArgumentNullException.ThrowIfNull(seconds);
        var random = new TrainingPass(TrainingPass.Seed(seed, (ulong)epoch));
        double Uniform() => (random.NextSeed() >> 11) / (double)(1UL << 53);
        var keys = seconds.Select(s => sorted ? s : s * (1 + (Disturbance * ((2 * Uniform()) - 1)))).ToArray();
        var order = Enumerable.Range(0, seconds.Count).OrderBy(i => keys[i]).ThenBy(i => i).ToArray();
        List<int[]> batches = [];
        List<int> batch = [];
        var longest = 0.0;
        foreach (var index in order)
        {
            var next = Math.Max(longest, seconds[index]);
            if (batch.Count > 0 && next * (batch.Count + 1) > budget)
            {
                batches.Add([.. batch]);
                batch.Clear();
                next = seconds[index];
            }

            batch.Add(index);
            longest = next;
        }

        if (batch.Count > 0)
        {
            batches.Add([.. batch]);
        }

        for (var i = batches.Count - 1; i > 0 && !sorted; i--)
        {
            var j = (int)(random.NextSeed() % (ulong)(i + 1));
            (batches[i], batches[j]) = (batches[j], batches[i]);
        }

        return batches;
    }
}
