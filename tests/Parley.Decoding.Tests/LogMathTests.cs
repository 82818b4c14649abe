using Xunit;

namespace Parley.Decoding.Tests;

public sealed class LogMathTests
{
    [Fact]
    public void The_logarithm_of_a_sum_of_exponentials_is_that_of_double_precision_at_every_length()
    {
        var random = new Random(1);
        foreach (var length in Enumerable.Range(1, 80).Concat([255, 256, 257, 271, 513, 51_865]))
        {
            var scores = Enumerable.Range(0, length).Select(i => i % 7 == 3 ? float.NegativeInfinity : ((random.NextSingle() - 0.5f) * 40)).ToArray();
            var most = (double)scores.Max();
            var wanted = most + Math.Log(scores.Sum(s => Math.Exp(s - most)));
            Assert.Equal(wanted, LogMath.LogSumExp(scores), 1e-5);
        }
    }

    [Fact]
    public void Nothing_but_forbidden_scores_have_the_sum_nothing_and_NaN_is_not_hidden()
    {
        Assert.Equal(float.NegativeInfinity, LogMath.LogSumExp([]));
        Assert.Equal(float.NegativeInfinity, LogMath.LogSumExp([float.NegativeInfinity, float.NegativeInfinity]));
        Assert.True(float.IsNaN(LogMath.LogSumExp([.. Enumerable.Repeat(1f, 40), float.NaN])));
    }
}
