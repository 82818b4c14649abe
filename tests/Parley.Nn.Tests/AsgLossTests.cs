using FsCheck;
using FsCheck.Fluent;
using Parley.Tensors;
using Xunit;

namespace Parley.Nn.Tests;

/// <summary>Auto segmentation against all paths, one by one, and against plain sums in double.</summary>
public sealed class AsgLossTests
{
    // ln 4⁵ − ln C(4, 2) (shared guides, golden scalars).
    [Fact]
    public void Equal_scores_count_the_paths() =>
        Assert.Equal(5.139712, AsgLoss.Compute(new float[20], 4, [5], [[1, 0, 3]], new float[16], [], [])[0], 1e-5);

    [Fact]
    public void Every_path_counts_once()
    {
        var cases = from seed in Gen.Choose(0, 1_000_000)
                    from frames in Gen.Choose(1, 5)
                    from symbols in Gen.Choose(1, 4)
                    from length in Gen.Choose(0, 4)
                    select (seed, frames, symbols, length);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var task = new Task(c.seed, c.frames, c.symbols, c.length);
            var counted = task.AllPaths();
            Assert.Equal(counted, task.Sum(task.Scores, task.Transitions), double.IsFinite(counted) ? 1e-9 : 0);
            task.Check(counted, every: 1, 1e-5);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(1, 40, 30)]
    [InlineData(16, 90, 17)]
    [InlineData(33, 60, 5)]
    public void Long_utterances_are_as_exact_as_short_ones(int length, int frames, int symbols)
    {
        var task = new Task(seed: 4, frames, symbols, length);
        task.Check(task.Sum(task.Scores, task.Transitions), every: 37, 2e-5);
    }

    [Fact]
    public void Neither_padding_nor_neighbours_nor_threads_change_a_bit()
    {
        const int time = 60, symbols = 18;
        Task[] tasks = [.. Enumerable.Range(0, 5).Select(i => new Task(i, frames: 20 + (10 * i), symbols, length: 3 + (4 * i)))];
        var emissions = new float[tasks.Length * time * symbols];
        Array.Fill(emissions, 55f);
        for (var i = 0; i < tasks.Length; i++)
        {
            tasks[i].Emissions.CopyTo(emissions.AsSpan(i * time * symbols));
        }

        var first = (Gradient: Array.Empty<float>(), Transitions: Array.Empty<float>());
        foreach (var threads in (int[])[1, 2, 3])
        {
            using var workers = new Workers(threads);
            var (gradient, transitions) = (new float[emissions.Length], new float[symbols * symbols]);
            var losses = AsgLoss.Compute(
                emissions, symbols, [.. tasks.Select(t => t.Frames)], [.. tasks.Select(t => t.Target)], tasks[0].Learnt, gradient, transitions, workers: workers);
            for (var i = 0; i < tasks.Length; i++)
            {
                var alone = new float[tasks[i].Emissions.Length];
                Assert.Equal(AsgLoss.Compute(tasks[i].Emissions, symbols, [tasks[i].Frames], [tasks[i].Target], tasks[0].Learnt, alone, new float[symbols * symbols])[0], losses[i]);
                Assert.Equal(alone, gradient[(i * time * symbols)..((i * time * symbols) + alone.Length)]);
                Assert.All(gradient[((i * time * symbols) + alone.Length)..((i + 1) * time * symbols)], g => Assert.Equal(0f, g));
            }

            first = threads == 1 ? (gradient, transitions) : first;
            Assert.Equal(first.Gradient, gradient);
            Assert.Equal(first.Transitions, transitions);
        }

        // In the emissions' own memory, and weighed.
        AsgLoss.Compute(emissions, symbols, [.. tasks.Select(t => t.Frames)], [.. tasks.Select(t => t.Target)], tasks[0].Learnt, emissions, new float[symbols * symbols], weights: [1, 1, 1, 1, 0.5f]);
        Assert.Equal(first.Gradient[..^(time * symbols)], emissions[..^(time * symbols)]);
        Assert.Equal(first.Gradient[^(time * symbols)..].Select(g => g / 2), emissions[^(time * symbols)..], (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void As_tensors_emissions_and_transitions_have_the_gradients_of_plain_memory()
    {
        using var scope = new TensorScope();
        Task[] tasks = [new Task(1, frames: 9, symbols: 5, length: 3), new Task(2, frames: 9, symbols: 5, length: 4)];
        float[] values = [.. tasks.SelectMany(t => t.Emissions)];
        int[][] targets = [.. tasks.Select(t => t.Target)];
        foreach (var reduction in Enum.GetValues<LossReduction>())
        {
            var (gradient, transitions, weights) = (new float[values.Length], new float[25], reduction.Weights(targets));
            var losses = AsgLoss.Compute(values, 5, [9, 7], targets, tasks[0].Learnt, gradient, transitions, weights);
            var emissions = Tensor.From(values, [2, 9, 5], Backend.Default).AsParameter();
            var learnt = Tensor.From(tasks[0].Learnt, [5, 5], Backend.Default).AsParameter();
            var loss = AsgLoss.Compute(emissions, learnt, [9, 7], targets, reduction);
            Assert.Equal(LossReductions.Reduce(losses, weights), loss.Scalar, 1e-4);
            var found = (loss * 3f).Backward();
            Assert.Equal(gradient.Select(g => 3 * g), found[emissions]!.ToArray());
            Assert.Equal(transitions.Select(g => 3 * g), found[learnt]!.ToArray());
        }
    }

    [Fact]
    public void As_tensors_utterances_without_a_path_count_as_nothing_if_asked()
    {
        using var scope = new TensorScope();
        var (emissions, learnt) = (Tensor.Zeros([2, 5, 4], Backend.Default).AsParameter(), Tensor.Zeros([4, 4], Backend.Default).AsParameter());
        int[][] targets = [[1, 0, 3], [0, 1, 2, 3]];
        Assert.Equal(float.PositiveInfinity, AsgLoss.Compute(emissions, learnt, [5, 3], targets).Scalar);
        var loss = AsgLoss.Compute(emissions, learnt, [5, 3], targets, LossReduction.Sum, zeroInfinity: true);
        Assert.Equal(5.139712, loss.Scalar, 1e-5);
        Assert.All(loss.Backward()[emissions]!.ToArray()[20..], g => Assert.Equal(0f, g));
        Assert.Throws<ShapeException>(() => AsgLoss.Compute(emissions.Select(0, 0), learnt, [5], [[1]]));
        using var pause = Autograd.Pause();
        Assert.False(AsgLoss.Compute(emissions, learnt, [5, 3], targets).NeedsGradient);
    }

    [Fact]
    public void A_target_that_is_too_long_or_empty_has_no_path()
    {
        var (gradient, transitions) = (new float[4 * 2 * 3], new float[9]);
        Array.Fill(gradient, 9f);
        var losses = AsgLoss.Compute(new float[24], 3, [2, 2, 0, 0], [[0, 1, 2], [], [], [1]], new float[9], gradient, transitions);
        Assert.Equal([double.PositiveInfinity, double.PositiveInfinity, 0, double.PositiveInfinity], losses);
        Assert.All(gradient.Concat(transitions), g => Assert.Equal(0f, g));
    }

    [Fact]
    public void A_score_that_is_no_number_gives_a_loss_that_is_none()
    {
        var task = new Task(seed: 1, frames: 12, symbols: 17, length: 4);
        foreach (var bad in (float[])[float.NaN, float.PositiveInfinity])
        {
            var emissions = (float[])task.Emissions.Clone();
            emissions[(5 * 17) + 3] = bad;
            var gradient = new float[emissions.Length];
            Assert.True(double.IsNaN(AsgLoss.Compute(emissions, 17, [12], [task.Target], task.Learnt, gradient, new float[17 * 17])[0]));
            Assert.All(gradient, g => Assert.True(float.IsNaN(g)));
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var (x, g) = (new float[6], new float[9]);
        Assert.Throws<ShapeException>(() => AsgLoss.Compute(new float[7], 3, [2], [[1]], g, [], []));
        Assert.Throws<ShapeException>(() => AsgLoss.Compute(x, 3, [3], [[1]], g, [], []));
        Assert.Throws<ShapeException>(() => AsgLoss.Compute(x, 3, [2], [[1]], new float[8], [], []));
        Assert.Throws<ShapeException>(() => AsgLoss.Compute(x, 3, [2], [[1]], g, new float[6], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => AsgLoss.Compute(x, 3, [2], [[3]], g, [], []));
        Assert.Throws<ArgumentException>(() => AsgLoss.Compute(x, 3, [2], [[1]], g, new float[5], new float[9]));
        Assert.Throws<ArgumentException>(() => AsgLoss.Compute(x, 3, [2], [[1]], g, [], [], weights: [1, 1]));
    }

    /// <summary>One utterance of noise.</summary>
    private sealed class Task
    {
        internal Task(int seed, int frames, int symbols, int length)
        {
            var random = new Random(seed);
            (Frames, Symbols, Target) = (frames, symbols, [.. Enumerable.Range(0, length).Select(_ => random.Next(symbols))]);
            Emissions = [.. Enumerable.Range(0, frames * symbols).Select(_ => (float)((random.NextDouble() * 6) - 3))];
            Learnt = [.. Enumerable.Range(0, symbols * symbols).Select(_ => (float)((random.NextDouble() * 4) - 2))];
        }

        internal int Frames { get; }

        internal int Symbols { get; }

        internal int[] Target { get; }

        internal float[] Emissions { get; }

        internal float[] Learnt { get; }

        internal double[] Scores => [.. Emissions.Select(x => (double)x)];

        internal double[] Transitions => [.. Learnt.Select(x => (double)x)];

        internal double AllPaths()
        {
            var (path, all, spelled) = (new int[Frames], 0.0, 0.0);
            for (var code = 0; code < (int)Math.Pow(Symbols, Frames); code++)
            {
                var (rest, score) = (code, 0.0);
                for (var t = 0; t < Frames; t++, rest /= Symbols)
                {
                    path[t] = rest % Symbols;
                    score += (double)Emissions[(t * Symbols) + path[t]] + (t > 0 ? Learnt[(path[t] * Symbols) + path[t - 1]] : 0.0);
                }

                all += Math.Exp(score);
                spelled += Math.Exp(score) * Ways(path, 0, 0);
            }

            return spelled == 0 ? double.PositiveInfinity : Math.Log(all) - Math.Log(spelled);
        }

        /// <summary>Ways to read a path as the target: more than one where the target repeats a symbol.</summary>
        private int Ways(int[] path, int t, int s)
        {
            if (s >= Target.Length || path[t] != Target[s])
            {
                return 0;
            }

            return t == Frames - 1 ? (s == Target.Length - 1 ? 1 : 0) : Ways(path, t + 1, s) + Ways(path, t + 1, s + 1);
        }

        internal double Sum(double[] f, double[] g)
        {
            var all = Enumerable.Range(0, Symbols).Select(j => f[j]).ToArray();
            var spelled = Target.Select((id, s) => s == 0 ? f[id] : double.NegativeInfinity).ToArray();
            for (var t = 1; t < Frames; t++)
            {
                all = [.. Enumerable.Range(0, Symbols).Select(j => f[(t * Symbols) + j] + LogSum(all.Select((a, i) => a + g[(j * Symbols) + i])))];
                spelled = [.. Target.Select((id, s) => f[(t * Symbols) + id] + LogSum([
                    spelled[s] + g[(id * Symbols) + id], s == 0 ? double.NegativeInfinity : spelled[s - 1] + g[(id * Symbols) + Target[s - 1]]]))];
            }

            return spelled.Length == 0 || double.IsNegativeInfinity(spelled[^1]) ? double.PositiveInfinity : LogSum(all) - spelled[^1];
        }

        internal void Check(double expected, int every, double tolerance)
        {
            var (gradient, transitions) = (new float[Emissions.Length], new float[Learnt.Length]);
            var loss = AsgLoss.Compute(Emissions, Symbols, [Frames], [Target], Learnt, gradient, transitions)[0];
            Assert.Equal(expected, loss, double.IsFinite(expected) ? 1e-5 * Math.Max(1, expected) : 0);
            for (var i = 0; i < gradient.Length + transitions.Length; i += every)
            {
                var inEmissions = i < gradient.Length;
                double At(double step)
                {
                    var (f, g) = (Scores, Transitions);
                    (inEmissions ? f : g)[inEmissions ? i : i - gradient.Length] += step;
                    return Sum(f, g);
                }

                var derivative = double.IsFinite(expected) ? (At(1e-4) - At(-1e-4)) / 2e-4 : 0;
                Assert.Equal(derivative, inEmissions ? gradient[i] : transitions[i - gradient.Length], tolerance * Math.Max(1, Math.Abs(derivative)));
            }
        }

        private static double LogSum(IEnumerable<double> values)
        {
            double[] all = [.. values];
            var top = all.Max();
            return double.IsNegativeInfinity(top) ? top : top + Math.Log(all.Sum(v => Math.Exp(v - top)));
        }
    }
}
