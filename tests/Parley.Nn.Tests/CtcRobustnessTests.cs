using Parley.Tensors;
using Xunit;

namespace Parley.Nn.Tests;

/// <summary>CTC on several threads, and on scores that are no numbers.</summary>
public sealed class CtcRobustnessTests
{
    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        using var scope = new TensorScope();
        var random = new Random(8);
        float[] scores = [.. Enumerable.Range(0, 6 * 70 * 21).Select(_ => (float)(random.NextDouble() * 8))];
        int[][] targets = [.. Enumerable.Range(0, 6).Select(i => Enumerable.Range(0, 5 * i).Select(_ => random.Next(1, 21)).ToArray())];
        var results = ((int[])[1, 2, 3]).Select(threads =>
        {
            var logits = Tensor.From(scores, [6, 70, 21], Backend.WithThreads(threads)).AsParameter();
            var losses = logits.CtcLoss([70, 60, 50, 40, 70, 61], targets, blank: 0);
            return (Losses: losses.ToArray(), Gradient: losses.Sum().Backward()[logits]!.ToArray());
        }).ToArray();
        Assert.All(results, r => Assert.Equal(results[0].Losses, r.Losses));
        Assert.All(results, r => Assert.Equal(results[0].Gradient, r.Gradient));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_score_that_is_no_number_spoils_its_own_utterance_only(float bad)
    {
        using var scope = new TensorScope();
        var scores = new float[2 * 9 * 20];
        scores[(4 * 20) + 11] = bad;
        var logits = Tensor.From(scores, [2, 9, 20], Backend.Default).AsParameter();
        var losses = logits.CtcLoss([9, 9], [[3, 11, 2], [3, 11, 2]], blank: 0);
        var gradient = losses.Sum().Backward()[logits]!.ToArray();
        Assert.True(float.IsNaN(losses.Values[0]));
        Assert.True(float.IsNaN(gradient[(4 * 20) + 11]));
        Assert.True(float.IsFinite(losses.Values[1]));
        Assert.All(gradient[180..], g => Assert.True(float.IsFinite(g)));
    }
}
