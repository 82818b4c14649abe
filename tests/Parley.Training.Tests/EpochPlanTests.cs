namespace Parley.Training.Tests;

/// <summary>Batches by length.</summary>
public sealed class EpochPlanTests
{
    private static readonly double[] Seconds = [.. Enumerable.Range(0, 500).Select(i => 0.5 + (i * 7919 % 500 / 50.0))];

    [Fact]
    public void Every_utterance_is_in_one_batch_and_no_batch_passes_its_budget()
    {
        for (var epoch = 0; epoch < 5; epoch++)
        {
            var batches = EpochPlan.Batches(Seconds, budget: 30, seed: 3, epoch, sorted: false);
            Assert.Equal(Enumerable.Range(0, 500), batches.SelectMany(b => b).Order());
            Assert.All(batches, b => Assert.True(b.Length == 1 || b.Max(i => Seconds[i]) * b.Length <= 30));
            Assert.True(batches.Sum(b => b.Max(i => Seconds[i]) * b.Length) < 1.25 * Seconds.Sum(), "too much padding");
        }
    }

    [Fact]
    public void The_same_seed_and_epoch_give_the_same_batches_and_others_do_not()
    {
        string Plan(ulong seed, int epoch) => string.Join(";", EpochPlan.Batches(Seconds, 30, seed, epoch, sorted: false).Select(b => string.Join(",", b)));
        Assert.Equal(Plan(1, 2), Plan(1, 2));
        Assert.NotEqual(Plan(1, 2), Plan(1, 3));
        Assert.NotEqual(Plan(1, 2), Plan(2, 2));
    }

    [Fact]
    public void Sorted_batches_go_from_short_to_long()
    {
        var longest = EpochPlan.Batches(Seconds, 30, seed: 1, epoch: 0, sorted: true).Select(b => b.Max(i => Seconds[i])).ToArray();
        Assert.Equal(longest.Order(), longest);
    }
}
