using FsCheck;
using FsCheck.Fluent;
using Parley.Tensors;
using Parley.TestSupport;
using Xunit;

namespace Parley.Nn.Tests;

public sealed class CtcLossTests
{
    private static readonly Backend[] Backends = [Backend.Default, Backend.Reference];

    // Paths counted by hand over uniform posteriors (shared guides, golden scalars).
    [Theory]
    [InlineData(4, 4, new[] { 1, 2 }, 2.837127)]
    [InlineData(4, 4, new[] { 1, 1 }, 3.935740)]
    [InlineData(6, 4, new[] { 1, 2, 3 }, 3.886949)]
    [InlineData(5, 4, new int[0], 6.931472)]
    [InlineData(3, 3, new[] { 1, 1 }, 3.295837)]
    [InlineData(2, 3, new[] { 1, 1 }, double.PositiveInfinity)]
    [InlineData(0, 3, new[] { 1 }, double.PositiveInfinity)]
    [InlineData(0, 3, new int[0], 0)]
    public void Uniform_posteriors_count_the_paths(int frames, int symbols, int[] target, double loss)
    {
        using var scope = new TensorScope();
        foreach (var backend in Backends)
        {
            var logits = (Tensor.Zeros([1, 6, symbols], backend) + 3f).AsParameter();
            var losses = logits.CtcLoss([frames], [target], blank: 0);
            Assert.Equal(loss, losses.Values[0], tolerance: 1e-5);
            var gradient = losses.Sum().Backward()[logits]!.ToArray();
            Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
            Assert.All(double.IsPositiveInfinity(loss) ? gradient : gradient[(frames * symbols)..], g => Assert.Equal(0f, g));
        }
    }

    [Fact]
    public void Loss_and_gradient_are_those_of_all_paths_counted_one_by_one()
    {
        var cases = from symbols in Gen.Choose(2, 4)
                    from frames in Gen.Choose(1, 5)
                    from length in Gen.Choose(0, 3)
                    from target in Gen.ArrayOf(Gen.Choose(0, symbols - 2), length)
                    from blank in Gen.Choose(0, symbols - 1)
                    from seed in Gen.Choose(0, 1 << 20)
                    select (symbols, frames, target: target.Select(k => k < blank ? k : k + 1).ToArray(), blank, seed);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            using var scope = new TensorScope();
            var random = new Random(c.seed);
            float[] values = [.. Enumerable.Range(0, c.frames * c.symbols).Select(_ => (6 * random.NextSingle()) - 3)];
            var (loss, posterior, probabilities) = AllPaths(values, c.frames, c.symbols, c.target, c.blank);
            foreach (var backend in Backends)
            {
                var logits = Tensor.From(values, [1, c.frames, c.symbols], backend).AsParameter();
                var losses = logits.CtcLoss([c.frames], [c.target], c.blank);
                Assert.Equal(loss, losses.Values[0], 1e-4);
                var gradient = losses.Sum().Backward()[logits]!.ToArray();
                for (var i = 0; i < gradient.Length; i++)
                {
                    Assert.Equal(double.IsPositiveInfinity(loss) ? 0 : probabilities[i] - posterior[i], gradient[i], 1e-5);
                }
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Vectors_agree_with_plain_loops_on_long_targets_that_the_model_finds_unlikely()
    {
        using var scope = new TensorScope();
        var random = new Random(3);
        const int time = 120, symbols = 29;
        float[] values = [.. Enumerable.Range(0, 3 * time * symbols).Select(i => (i % symbols == 0 ? 20 : 0) + (4 * random.NextSingle()))];
        int[][] targets = [[.. Enumerable.Range(0, 50).Select(i => 1 + (i * 5 % 28))], [.. Enumerable.Repeat(7, 49)], [3, 3, 4]];
        var results = Backends.Select(b =>
        {
            var logits = Tensor.From(values, [3, time, symbols], b).AsParameter();
            var losses = logits.CtcLoss([120, 97, 60], targets, blank: 0);
            return (Losses: losses.ToArray(), Gradient: losses.Sum().Backward()[logits]!.ToArray());
        }).ToArray();
        Assert.True(results[0].Losses[0] > 700, "the case is meant to be unlikely");
        Expect.Close(results[0].Losses, results[1].Losses, relative: 2e-6f);
        Expect.Close(results[0].Gradient, results[1].Gradient, relative: 1e-4f, absolute: 2e-5f);
    }

    [Fact]
    public void Padding_and_neighbours_change_nothing()
    {
        using var scope = new TensorScope();
        var random = new Random(5);
        float[] one = [.. Enumerable.Range(0, 20 * 6).Select(_ => random.NextSingle())];
        float[] other = [.. Enumerable.Range(0, 31 * 6).Select(_ => 9 * random.NextSingle())];
        var (loss, gradient) = Run([.. one], 20, [20], [[1, 2, 2]]);
        var batch = Run([.. one, .. Enumerable.Repeat(float.NaN, 11 * 6), .. other], 31, [20, 31], [[1, 2, 2], [5, 4]]);
        Assert.Equal(loss[0], batch.Loss[0]);
        Assert.Equal(gradient, batch.Gradient[..(20 * 6)]);
        Assert.All(batch.Gradient[(20 * 6)..(31 * 6)], g => Assert.Equal(0f, g));

        static (float[] Loss, float[] Gradient) Run(float[] values, int time, int[] frames, int[][] targets)
        {
            var logits = Tensor.From(values, [frames.Length, time, 6], Backend.Default).AsParameter();
            var losses = logits.CtcLoss(frames, targets, blank: 0);
            return (losses.ToArray(), losses.Sum().Backward()[logits]!.ToArray());
        }
    }

    [Fact]
    public void Impossible_utterances_can_be_counted_as_nothing()
    {
        using var scope = new TensorScope();
        var logits = Tensor.Zeros([2, 2, 3], Backend.Default).AsParameter();
        Assert.Equal(float.PositiveInfinity, CtcLoss.Compute(logits, [2, 2], [[1, 1], [1]], blank: 0).Scalar);
        var loss = CtcLoss.Compute(logits, [2, 2], [[1, 1], [1]], blank: 0, LossReduction.MeanPerSymbol, zeroInfinity: true);
        Assert.Equal(Math.Log(3) / 2, loss.Scalar, 1e-5);
        Assert.All(loss.Backward()[logits]!.ToArray()[..6], g => Assert.Equal(0f, g));
    }

    [Fact]
    public void A_target_that_holds_the_blank_is_refused()
    {
        using var scope = new TensorScope();
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Zeros([1, 2, 3], Backend.Default).CtcLoss([2], [[1, 0]], blank: 0));
        Assert.Contains("target symbol 0", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Every path of symbols through the frames, collapsed and compared.</summary>
    private static (double Loss, double[] Posterior, double[] Probabilities) AllPaths(float[] logits, int frames, int symbols, int[] target, int blank)
    {
        var p = new double[logits.Length];
        for (var t = 0; t < frames; t++)
        {
            var sum = Enumerable.Range(0, symbols).Sum(k => Math.Exp(logits[(t * symbols) + k]));
            for (var k = 0; k < symbols; k++)
            {
                p[(t * symbols) + k] = Math.Exp(logits[(t * symbols) + k]) / sum;
            }
        }

        var (total, posterior, path) = (0.0, new double[p.Length], new int[frames]);
        for (var code = 0; code < (int)Math.Pow(symbols, frames); code++)
        {
            var (rest, probability) = (code, 1.0);
            for (var t = 0; t < frames; t++, rest /= symbols)
            {
                path[t] = rest % symbols;
                probability *= p[(t * symbols) + path[t]];
            }

            if (path.Where((k, t) => k != blank && (t == 0 || path[t - 1] != k)).SequenceEqual(target))
            {
                total += probability;
                for (var t = 0; t < frames; t++)
                {
                    posterior[(t * symbols) + path[t]] += probability;
                }
            }
        }

        return (-Math.Log(total), [.. posterior.Select(v => v / total)], p);
    }
}
