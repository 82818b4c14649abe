using FsCheck;
using FsCheck.Fluent;
using Parley.Tensors;
using Parley.TestSupport;
using Xunit;

namespace Parley.Nn.Tests;

/// <summary>RNN-T, multi-blank and token-and-duration losses.</summary>
public sealed class TransducerLossTests
{
    [Theory]
    [InlineData("blank0", "targets", 0)]
    [InlineData("blank_last", "targets_last", 5)]
    public void Rnnt_equals_the_reference(string name, string targets, int blank)
    {
        var golden = new LossGolden("rnnt_loss");
        var shape = golden.Shape("logits");
        var batch = new TransducerBatch(shape[1], shape[2], shape[3], golden.Integers("logit_lengths"), golden.Rows(targets, "target_lengths"));
        var logits = golden.Floats("logits");
        foreach (var (reduction, key) in new[] { (LossReduction.Sum, "sum"), (LossReduction.Mean, "mean") })
        {
            var (weights, gradient) = (reduction.Weights(batch.Targets), new float[logits.Length]);
            var losses = RnntLoss.Compute(batch, logits, gradient, blank, weights: weights);
            golden.Same($"{name}.none", losses);
            golden.Same($"{name}.{key}", [LossReductions.Reduce(losses, weights)]);
            golden.Same($"{name}.{key}.grad_logits", gradient);
        }

        // In the logits' own memory.
        RnntLoss.Compute(batch, logits, logits, blank, clamp: 0.1f);
        golden.Same($"{name}.sum_clamp0.1.grad_logits", logits);
    }

    [Theory]
    [InlineData("rnnt", "acts")]
    [InlineData("multiblank", "acts_multi")]
    [InlineData("tdt", "acts_tdt")]
    [InlineData("tdt_sigma0.05", "acts_tdt")]
    public void Losses_equal_those_of_nemo(string name, string input)
    {
        var golden = new LossGolden("transducer_losses");
        var (logits, shape) = (golden.Floats(input), golden.Shape(input));
        var batch = new TransducerBatch(shape[1], shape[2], shape[3], golden.Integers("act_lens"), golden.Rows("labels", "label_lens"));
        var gradient = new float[logits.Length];
        var losses = name switch
        {
            "rnnt" => RnntLoss.Compute(batch, logits, gradient, blank: 6),
            "multiblank" => MultiBlankLoss.Compute(batch, logits, gradient, blank: 8, [2, 4], sigma: 0.05f),
            _ => TdtLoss.Compute(batch, logits, gradient, blank: 6, [0, 1, 2, 3, 4], sigma: name == "tdt" ? 0 : 0.05f),
        };
        golden.Same($"{name}.none", losses);
        golden.Same($"{name}.sum.grad", gradient);
        golden.Same($"{name}.mean", [LossReductions.Reduce(losses, LossReduction.MeanPerSymbol.Weights(batch.Targets))]);
        golden.Same($"{name}.mean_batch", [LossReductions.Reduce(losses, LossReduction.Mean.Weights(batch.Targets))]);
        golden.Same($"{name}.mean_volume", [LossReductions.Reduce(losses, LossReduction.MeanVolume.Weights(batch.Targets))]);
    }

    // C(T + U − 1, U) = 10 paths of 6 steps over 5 symbols (shared guides, golden scalars).
    [Fact]
    public void Equal_scores_count_the_paths() =>
        Assert.Equal(7.354042, RnntLoss.Compute(new TransducerBatch(4, 3, 5, [4], [[0, 1]]), new float[60], [], blank: 4)[0], 1e-5);

    [Fact]
    public void Every_path_counts_once()
    {
        var cases = from seed in Gen.Choose(0, 1_000_000)
                    from kind in Gen.Choose(0, 2)
                    from frames in Gen.Choose(1, 4)
                    from count in Gen.Choose(0, 3)
                    select (seed, kind, frames, count);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var task = new Task((Kind)c.kind, c.seed, c.frames, c.count);
            var paths = task.Oracle.AllPaths(task.Exact);
            Assert.Equal(paths, task.Oracle.Sum(task.Exact), double.IsFinite(paths) ? 1e-9 : 0);
            var gradient = new float[task.Logits.Length];
            Assert.Equal(paths, task.Compute(gradient), double.IsFinite(paths) ? 1e-5 * Math.Max(1, paths) : 0);
            for (var i = 0; i < gradient.Length; i++)
            {
                Assert.Equal(double.IsFinite(paths) ? task.Oracle.Derivative(task.Exact, i) : 0, gradient[i], 1e-5);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(Kind.Rnnt, 1)]
    [InlineData(Kind.Rnnt, 30)]
    [InlineData(Kind.MultiBlank, 17)]
    [InlineData(Kind.Tdt, 33)]
    public void Long_lattices_are_as_exact_as_short_ones(Kind kind, int symbols)
    {
        var task = new Task(kind, seed: 5, frames: 90, symbols);
        var gradient = new float[task.Logits.Length];
        Assert.Equal(task.Oracle.Sum(task.Exact), task.Compute(gradient), 1e-3);
        var largest = Enumerable.Range(0, gradient.Length).OrderByDescending(i => Math.Abs(gradient[i])).Take(10);
        foreach (var i in largest.Concat(Enumerable.Range(0, 20).Select(i => i * 997 % gradient.Length)))
        {
            Assert.Equal(task.Oracle.Derivative(task.Exact, i), gradient[i], 2e-5);
        }
    }

    [Theory]
    [InlineData(Kind.Rnnt)]
    [InlineData(Kind.MultiBlank)]
    [InlineData(Kind.Tdt)]
    public void Neither_padding_nor_neighbours_nor_threads_change_a_bit(Kind kind)
    {
        Task[] tasks = [.. Enumerable.Range(0, 5).Select(i => new Task(kind, seed: i, frames: 9 + (7 * i), count: 3 + (5 * i)))];
        var (frames, positions, symbols) = (41, 26, tasks[0].Symbols);
        var logits = new float[tasks.Length * frames * positions * symbols];
        Array.Fill(logits, 77f);
        for (var i = 0; i < tasks.Length; i++)
        {
            Rows(tasks[i], i, (own, at) => tasks[i].Logits.AsSpan(own, symbols).CopyTo(logits.AsSpan(at)));
        }

        var batch = new TransducerBatch(frames, positions, symbols, [.. tasks.Select(t => t.Frames)], [.. tasks.Select(t => t.Target)]);
        foreach (var threads in (int[])[1, 2, 3])
        {
            using var workers = new Workers(threads);
            var gradient = new float[logits.Length];
            var losses = Task.Run(kind, batch, logits, gradient, workers);
            for (var i = 0; i < tasks.Length; i++)
            {
                var alone = new float[tasks[i].Logits.Length];
                Assert.Equal(tasks[i].Compute(alone), losses[i]);
                Rows(tasks[i], i, (own, at) =>
                {
                    Assert.Equal(alone.AsSpan(own, symbols), gradient.AsSpan(at, symbols));
                    gradient.AsSpan(at, symbols).Clear();
                });
            }

            Assert.All(gradient, g => Assert.Equal(0f, g));
        }

        void Rows(Task task, int utterance, Action<int, int> each)
        {
            for (var (t, u) = (0, 0); t < task.Frames; (t, u) = u < task.Target.Length ? (t, u + 1) : (t + 1, 0))
            {
                each(((t * (task.Target.Length + 1)) + u) * symbols, ((((utterance * frames) + t) * positions) + u) * symbols);
            }
        }
    }

    [Fact]
    public void No_symbols_are_blanks_only_and_no_frames_are_no_path()
    {
        var gradient = new float[3 * 2 * 3 * 4];
        Array.Fill(gradient, 9f);
        var losses = RnntLoss.Compute(new TransducerBatch(2, 3, 4, [2, 0, 0], [[], [1, 2], []]), new float[72], gradient, blank: 0);
        Assert.Equal([2 * Math.Log(4), double.PositiveInfinity, 0], losses, (a, b) => a.Equals(b) || Math.Abs(a - b) < 1e-6);
        Assert.All(gradient[24..], g => Assert.Equal(0f, g));
        Assert.Equal(2 * Math.Log(4), LossReductions.Reduce(losses, LossReduction.Sum.Weights([[], [1, 2], []]), zeroInfinity: true), 1e-6);
    }

    [Fact]
    public void Durations_that_skip_the_end_are_no_path()
    {
        var gradient = new float[3 * 1 * 5];
        Array.Fill(gradient, 9f);
        Assert.Equal(double.PositiveInfinity, TdtLoss.Compute(new TransducerBatch(3, 1, 5, [3], [[]]), new float[15], gradient, blank: 2, [2, 4])[0]);
        Assert.All(gradient, g => Assert.Equal(0f, g));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_score_that_is_no_number_spoils_its_own_utterance_only(float bad)
    {
        var task = new Task(Kind.Rnnt, seed: 3, frames: 20, count: 18);
        float[] logits = [.. task.Logits, .. task.Logits];
        logits[(10 * 19 * task.Symbols) + 7] = bad;
        var gradient = new float[logits.Length];
        var batch = new TransducerBatch(20, 19, task.Symbols, [20, 20], [task.Target, task.Target]);
        var losses = Task.Run(Kind.Rnnt, batch, logits, gradient, Workers.Shared);
        Assert.True(double.IsNaN(losses[0]));
        Assert.All(gradient[..task.Logits.Length], g => Assert.True(float.IsNaN(g)));
        Assert.True(double.IsFinite(losses[1]));
        Assert.All(gradient[task.Logits.Length..], g => Assert.True(float.IsFinite(g)));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var batch = new TransducerBatch(2, 2, 3, [2], [[1]]);
        var x = new float[12];
        Assert.Throws<ShapeException>(() => RnntLoss.Compute(batch, new float[11], [], blank: 0));
        Assert.Throws<ShapeException>(() => RnntLoss.Compute(batch with { FrameLengths = [3] }, x, [], blank: 0));
        Assert.Throws<ShapeException>(() => RnntLoss.Compute(batch with { Targets = [[1, 1]] }, x, [], blank: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => RnntLoss.Compute(batch, x, [], blank: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RnntLoss.Compute(batch, x, [], blank: 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => TdtLoss.Compute(batch, x, [], blank: 0, [0, 1]));
        Assert.Throws<ArgumentException>(() => RnntLoss.Compute(batch, x.AsSpan(), x.AsSpan(1), blank: 0));
        Assert.Throws<ArgumentException>(() => RnntLoss.Compute(batch, x, [], blank: 0, weights: [1, 2]));
        Assert.Throws<ArgumentException>(() => RnntLoss.Compute(batch, x, [], blank: 0, clamp: -1));
    }

    public enum Kind
    {
        Rnnt,
        MultiBlank,
        Tdt,
    }

    /// <summary>One utterance of noise: RNN-T with four symbols, or with two big blanks, or with four durations.</summary>
    private sealed class Task
    {
        private static readonly int[] Durations = [0, 1, 2, 4];
        private readonly Kind _kind;

        internal Task(Kind kind, int seed, int frames, int count)
        {
            var random = new Random(seed);
            (_kind, Frames, Target) = (kind, frames, [.. Enumerable.Range(0, count).Select(_ => random.Next(3))]);
            Symbols = kind switch { Kind.Rnnt => 4, Kind.MultiBlank => 6, _ => 8 };
            Logits = [.. Enumerable.Range(0, frames * (count + 1) * Symbols).Select(_ => (float)((random.NextDouble() * 6) - 3))];
            Oracle = kind switch
            {
                Kind.Rnnt => new TransducerOracle(frames, Target, count + 1, Symbols, 4, 0, [(1, 3, -1), (0, -1, -1)]),
                Kind.MultiBlank => new TransducerOracle(frames, Target, count + 1, Symbols, 6, 0.05f, [(1, 5, -1), (2, 4, -1), (3, 3, -1), (0, -1, -1)]),
                _ => new TransducerOracle(frames, Target, count + 1, Symbols, 4, 0.02f,
                    [.. Durations.Select((d, i) => (d, 3, i)).Where(a => a.d > 0), .. Durations.Select((d, i) => (d, -1, i))]),
            };
        }

        internal int Frames { get; }

        internal int[] Target { get; }

        internal int Symbols { get; }

        internal float[] Logits { get; }

        internal double[] Exact => [.. Logits.Select(x => (double)x)];

        internal TransducerOracle Oracle { get; }

        internal double Compute(float[] gradient) =>
            Run(_kind, new TransducerBatch(Frames, Target.Length + 1, Symbols, [Frames], [Target]), Logits, gradient, Workers.Shared)[0];

        internal static double[] Run(Kind kind, TransducerBatch batch, float[] logits, float[] gradient, Workers workers) => kind switch
        {
            Kind.Rnnt => RnntLoss.Compute(batch, logits, gradient, blank: 3, workers: workers),
            Kind.MultiBlank => MultiBlankLoss.Compute(batch, logits, gradient, blank: 5, [2, 3], sigma: 0.05f, workers: workers),
            _ => TdtLoss.Compute(batch, logits, gradient, blank: 3, Durations, sigma: 0.02f, workers: workers),
        };
    }
}
