namespace Parley.Models.Tests;

/// <summary>Densities against their definition.</summary>
public sealed class GaussianMixturesTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 7)]
    [InlineData(2, 8)]
    [InlineData(4, 39)]
    [InlineData(5, 64)]
    public void A_density_is_the_weighted_sum_of_its_Gaussians(int mixtures, int dim)
    {
        const int states = 3;
        var random = new Random(dim);
        var weights = Enumerable.Range(0, states * mixtures).Select(i => 1f / mixtures).ToArray();
        var means = Floats(random, states * mixtures * dim, -3, 3);
        var variances = Floats(random, states * mixtures * dim, 0.1, 4);
        var densities = new GaussianMixtures(weights, means, variances, states, mixtures);
        for (var state = 0; state < states; state++)
        {
            var o = Floats(random, dim, -3, 3);
            var logs = Enumerable.Range(state * mixtures, mixtures).Select(component => Math.Log(weights[component]) + Enumerable.Range(0, dim).Sum(d =>
            {
                var (difference, variance) = ((double)o[d] - means[(component * dim) + d], (double)variances[(component * dim) + d]);
                return -0.5 * (Math.Log(2 * Math.PI * variance) + (difference * difference / variance));
            })).ToArray();
            var expected = logs.Max() + Math.Log(logs.Sum(l => Math.Exp(l - logs.Max())));
            Assert.InRange(densities.LogDensity(o, state), expected - (1e-5 * Math.Abs(expected)) - 1e-5, expected + (1e-5 * Math.Abs(expected)) + 1e-5);
        }
    }

    [Fact]
    public void A_density_of_weight_zero_is_never_used()
    {
        var densities = new GaussianMixtures([1, 0], [5, 0], [1, 1], states: 1, mixtures: 2);
        Assert.Equal(-0.5 * (Math.Log(2 * Math.PI) + 25), densities.LogDensity([0], 0), precision: 5);
    }

    [Theory]
    [InlineData(0.5f, 0f, 1f)]
    [InlineData(-1f, 0f, 1f)]
    [InlineData(1f, float.NaN, 1f)]
    [InlineData(1f, 0f, 0f)]
    [InlineData(1f, 0f, -1f)]
    [InlineData(1f, 0f, float.PositiveInfinity)]
    [InlineData(float.NaN, 0f, 1f)]
    public void Numbers_that_no_density_has_are_refused(float weight, float mean, float variance)
    {
        var error = Assert.Throws<InvalidDataException>(() => new GaussianMixtures([weight], [mean], [variance], states: 1, mixtures: 1));
        Assert.StartsWith("state 0:", error.Message, StringComparison.Ordinal);
    }

    private static float[] Floats(Random random, int count, double least, double most) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(least + (random.NextDouble() * (most - least))))];
}
