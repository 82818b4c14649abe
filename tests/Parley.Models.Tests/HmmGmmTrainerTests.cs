using Parley.Tensors;

namespace Parley.Models.Tests;

/// <summary>Baum-Welch on observations whose model is known.</summary>
public sealed class HmmGmmTrainerTests
{
    private const int Dim = 3;

    [Fact]
    public void A_planted_model_is_recovered()
    {
        var (truth, recordings) = Plant(gaussians: 1, count: 300);
        var trained = Train(truth, recordings, new HmmGmmTrainingOptions(HmmUnitKind.Words, Gaussians: 1, IterationsPerSplit: 20));

        for (var state = 0; state < truth.Config.States; state++)
        {
            Assert.InRange(trained.SelfLoops[state] - truth.SelfLoops[state], -0.06, 0.06);
            for (var d = 0; d < Dim; d++)
            {
                var at = (state * Dim) + d;
                Assert.InRange(trained.Emissions.Means.Span[at] - truth.Emissions.Means.Span[at], -0.25, 0.25);
                Assert.InRange(trained.Emissions.Variances.Span[at] / truth.Emissions.Variances.Span[at], 0.7, 1.4);
            }
        }
    }

    [Fact]
    public void A_trained_mixture_explains_the_recordings_as_well_as_the_planted_one()
    {
        var (truth, recordings) = Plant(gaussians: 2, count: 300);
        var passes = new List<HmmGmmProgress>();
        var trained = Train(truth, recordings, new HmmGmmTrainingOptions(HmmUnitKind.Words, Gaussians: 2, IterationsPerSplit: 12, FinalIterations: 12, SplitDistance: 1), passes.Add);

        Assert.InRange(Likelihood(trained, recordings) - Likelihood(truth, recordings), -0.02, 0.2);
        Assert.True(Likelihood(trained, recordings) > passes.First(p => p.Gaussians == 2).LogLikelihood + 0.1, "the second density was of no use");
    }

    [Fact]
    public void The_likelihood_never_falls_while_the_densities_stay()
    {
        var (truth, recordings) = Plant(gaussians: 3, count: 60);
        var passes = new List<HmmGmmProgress>();
        Train(truth, recordings, new HmmGmmTrainingOptions(HmmUnitKind.Words, Gaussians: 8, IterationsPerSplit: 10, VarianceFloor: 0.1, SplitOccupancy: 5), passes.Add);

        Assert.Equal(44, passes.Count);
        foreach (var (before, after) in passes.Zip(passes.Skip(1)).Where(p => p.First.Gaussians == p.Second.Gaussians))
        {
            Assert.True(after.LogLikelihood >= before.LogLikelihood - 1e-5, $"pass {after.Iteration}: {before.LogLikelihood} fell to {after.LogLikelihood}");
        }
    }

    [Fact]
    public void The_result_does_not_depend_on_the_number_of_cores()
    {
        var (truth, recordings) = Plant(gaussians: 2, count: 50);
        var options = new HmmGmmTrainingOptions(HmmUnitKind.Words, Gaussians: 4, IterationsPerSplit: 3);
        using var two = new Workers(2);
        using var five = new Workers(5);
        var one = Train(truth, recordings, options, workers: new Workers(1));
        foreach (var other in new[] { Train(truth, recordings, options, workers: two), Train(truth, recordings, options, workers: five) })
        {
            Assert.Equal(one.Emissions.Means.ToArray(), other.Emissions.Means.ToArray());
            Assert.Equal(one.Emissions.Variances.ToArray(), other.Emissions.Variances.ToArray());
            Assert.Equal(one.Emissions.Weights.ToArray(), other.Emissions.Weights.ToArray());
            Assert.Equal(one.SelfLoops.ToArray(), other.SelfLoops.ToArray());
        }
    }

    [Theory]
    [InlineData("one thirteen", "m:2: the dictionary has no pronunciation of \"thirteen\"")]
    [InlineData("", "m:2: nothing to read")]
    public void A_recording_that_cannot_be_used_is_named(string text, string message)
    {
        using var entries = new StringReader("one W AH N");
        HmmGmmUtterance[] utterances =
        [
            new("m:1", "one", () => new float[16000]),
            new("m:2", text, () => throw new InvalidDataException("nothing to read")),
        ];
        var error = Assert.Throws<InvalidDataException>(() => HmmGmmTrainer.Train(
            utterances, new HmmGmmTrainingOptions(HmmUnitKind.Phones, Text.PronunciationDictionary.Read(entries, "test")), cancel: TestContext.Current.CancellationToken));
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void Samples_that_are_no_numbers_are_named_and_recordings_that_are_too_short_left_out()
    {
        float[] Noise(int count) => [.. Enumerable.Range(0, count).Select(i => MathF.Sin(i * i))];
        var options = new HmmGmmTrainingOptions(HmmUnitKind.Words, Gaussians: 1, IterationsPerSplit: 1, FinalIterations: 0);
        var passes = new List<HmmGmmProgress>();
        HmmGmmTrainer.Train([new("m:1", "one", () => Noise(16000)), new("m:2", "one", () => Noise(800))], options, new Told(passes.Add), cancel: TestContext.Current.CancellationToken);
        Assert.Equal(["m:2"], passes[0].LeftOut);

        var tooShort = Assert.Throws<InvalidDataException>(() => HmmGmmTrainer.Train([new("m:2", "one", () => Noise(800))], options, cancel: TestContext.Current.CancellationToken));
        Assert.Contains("m:2", tooShort.Message, StringComparison.Ordinal);

        float[] bad = [.. Noise(16000)];
        bad[8000] = float.NaN;
        var nan = Assert.Throws<InvalidDataException>(() => HmmGmmTrainer.Train([new("m:3", "one", () => bad)], options, cancel: TestContext.Current.CancellationToken));
        Assert.Equal("m:3: the recording has samples that are no numbers", nan.Message);
    }

    private static HmmGmm Train(HmmGmm truth, HmmRecording[] recordings, HmmGmmTrainingOptions options, Action<HmmGmmProgress>? told = null, Workers? workers = null)
    {
        var config = truth.Config with { Gaussians = 1 };
        var empty = new HmmGmm(config, Ones(config.States), new float[config.States * Dim], Ones(config.States * Dim), [.. Ones(config.States).Select(_ => 0.5f)]);
        return HmmGmmTrainer.Train(empty, recordings, options, (pass, _, _) => told?.Invoke(pass), done: 0, [], workers ?? Workers.Shared, TestContext.Current.CancellationToken);
    }

    private static double Likelihood(HmmGmm model, HmmRecording[] recordings)
    {
        var counts = new HmmStatistics(model.Config.States, model.Config.Gaussians, Dim);
        foreach (var recording in recordings)
        {
            counts.Add(model, recording.Network, recording.Features, recording.Frames);
        }

        return counts.LogLikelihood / counts.Frames;
    }

    // Two words of three states, silence of one; every state has a place of its own, the loops make lengths of 2 to 6 frames.
    private static (HmmGmm Truth, HmmRecording[] Recordings) Plant(int gaussians, int count)
    {
        var random = new Random(5);
        var config = new HmmGmmConfig([new("SIL", 1), new("a", 3), new("b", 3)], [new("a", [1]), new("b", [2])], Silence: 0, gaussians, Cepstra: 1);
        var means = new float[config.States * gaussians * Dim];
        for (var component = 0; component < config.States * gaussians; component++)
        {
            var (state, m) = (component / gaussians, component % gaussians);
            (means[component * Dim], means[(component * Dim) + 1], means[(component * Dim) + 2]) = ((state * 2) - 6, state % 2 == 0 ? 2 : -2, m * 3);
        }

        var variances = Enumerable.Range(0, means.Length).Select(i => 0.3f + (0.1f * (i % 4))).ToArray();
        var loops = Enumerable.Range(0, config.States).Select(s => 0.5f + (0.05f * s)).ToArray();
        var truth = new HmmGmm(config, [.. Enumerable.Repeat(1f / gaussians, config.States * gaussians)], means, variances, loops);
        var recordings = Enumerable.Range(0, count).Select(i => Speak(truth, i % 2 == 0 ? ["a", "b"] : ["b", "a"], random)).ToArray();
        return (truth, recordings);
    }

    private static HmmRecording Speak(HmmGmm model, string[] words, Random random)
    {
        int[] said = [.. words.SelectMany(w => w == "a" ? new[] { 1, 2, 3 } : [4, 5, 6])];
        int[] states = [0, .. said, 0];
        var frames = new List<float>();
        foreach (var state in states)
        {
            do
            {
                var component = (state * model.Config.Gaussians) + random.Next(model.Config.Gaussians);
                for (var d = 0; d < Dim; d++)
                {
                    var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
                    frames.Add((float)(model.Emissions.Means.Span[(component * Dim) + d] + (normal * Math.Sqrt(model.Emissions.Variances.Span[(component * Dim) + d]))));
                }
            }
            while (random.NextDouble() < model.SelfLoops[state]);
        }

        return new HmmRecording("planted", model.Sentence(words), said, said.Length, model.Emissions.Pad(frames.ToArray()), frames.Count / Dim);
    }

    private static float[] Ones(int count) => [.. Enumerable.Repeat(1f, count)];

    private sealed class Told(Action<HmmGmmProgress> action) : IProgress<HmmGmmProgress>
    {
        public void Report(HmmGmmProgress value) => action(value);
    }
}
