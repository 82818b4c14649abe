using System.Text.Json;
using Parley.Audio;
using Parley.Nn;
using Parley.Tensors;
using Parley.TestSupport;
using Xunit;

namespace Parley.Models.Tests;

public sealed class SpeedStreamTests
{
    internal static readonly SpeedStreamConfig Small = new(
        VocabSize: 12, Blank: 11, Dim: 24, Layers: 3, Heads: 4, FeedForward: 48, ConvKernel: 5, MelBins: 20, StemKernel: 5, Window: 6, StridedKeys: 3, KeyStride: 4);

    [Theory]
    [InlineData(true, "layer_norm")]
    [InlineData(false, "layer_norm")]
    [InlineData(false, "batch_norm")]
    public void A_stream_gives_what_the_whole_recording_gives(bool reference, string norm)
    {
        using var scope = new TensorScope();
        var backend = reference ? Backend.Reference : Backend.Default;
        var model = Make(Small with { ConvNorm = norm }, backend);
        var features = Features(2, 240, Small, backend);
        var whole = model.Forward(features).ToArray();

        // Chunks as in a stream, one step at a time, and pieces that come as they come.
        foreach (var pieces in (int[][])[[.. Enumerable.Repeat(8, 30)], [.. Enumerable.Repeat(4, 60)], [8, 4, 32, 100, 4, 40, 52], [240]])
        {
            using var state = model.NewState(batch: 2, frames: pieces.Max());
            var parts = new List<Tensor>();
            foreach (var (piece, end) in pieces.Zip(Ends(pieces)))
            {
                parts.Add(model.Step(features.Slice(1, end - piece, end), state));
            }

            Assert.Equal(60, state.Steps);
            Expect.Close(Tensor.Concat(1, [.. parts]).ToArray(), whole, relative: 1e-4f, absolute: 1e-5f);
        }
    }

    [Fact]
    public void What_is_to_come_changes_nothing()
    {
        using var scope = new TensorScope();
        var model = Make(Small);
        var features = Features(1, 240, Small);
        var whole = model.Forward(features).ToArray();
        foreach (var frames in (int[])[4, 7, 41, 120, 239])
        {
            var steps = SpeedStreamConfig.StepsOf(frames);
            Expect.Close(model.Forward(features.Slice(1, 0, frames)).ToArray(), whole.AsSpan(0, steps * Small.VocabSize).ToArray(), relative: 1e-4f, absolute: 1e-5f);
        }
    }

    [Fact]
    public void A_step_sees_its_window_and_the_strided_keys_and_nothing_else()
    {
        // One layer without convolutions over steps: only attention carries anything from step to step.
        var config = Small with { Layers = 1, ConvKernel = 1, StemKernel = 2 };
        using var scope = new TensorScope();
        var model = Make(config);
        var features = Features(1, 120, config);
        var whole = model.Forward(features);
        int[] distances = [0, 1, 2, 3, 4, 5, 9, 13, 17];
        const int changed = 5;
        var values = features.ToArray();
        foreach (ref var value in values.AsSpan(changed * 4 * config.MelBins, 4 * config.MelBins))
        {
            value += 3;
        }

        var other = model.Forward(Tensor.From(values, features.Shape, features.Backend));
        var moved = Enumerable.Range(0, 30).Where(t => !whole.Select(1, t).ToArray().SequenceEqual(other.Select(1, t).ToArray())).Select(t => t - changed);
        Assert.Equal(distances, moved);
    }

    [Fact]
    public void Padding_counts_in_no_statistics_of_a_batch()
    {
        using var scope = new TensorScope();
        var config = Small with { ConvNorm = "batch_norm", Dropout = 0 };
        float[] Run(int frames)
        {
            var (model, _) = Weights.Build(new RandomWeights(5), w => new SpeedStream(w, config), new WeightsOptions(trains: _ => true));
            var features = new float[2 * frames * config.MelBins];
            var (both, each) = (Features(2, 80, config).ToArray(), 80 * config.MelBins);
            both.AsSpan(0, each).CopyTo(features);
            both.AsSpan(each).CopyTo(features.AsSpan(frames * config.MelBins));
            var logits = model.Forward(Tensor.From(features, [2, frames, config.MelBins], Backend.Default), [80, 80], new TrainingPass(7));
            return [.. logits.Slice(1, 0, 20).ToArray(), .. model.Forward(Features(1, 40, config)).ToArray()];
        }

        Expect.Close(Run(120), Run(80), relative: 1e-4f, absolute: 1e-5f);
    }

    [Fact]
    public void A_state_that_was_reset_is_new()
    {
        using var scope = new TensorScope();
        var model = Make(Small);
        var features = Features(1, 80, Small);
        using var state = model.NewState(frames: 40);
        var first = model.Step(features.Slice(1, 0, 40), state).ToArray();
        model.Step(features.Slice(1, 40, 80), state);
        state.Reset();
        Assert.Equal(first, model.Step(features.Slice(1, 0, 40), state).ToArray());
    }

    [Fact]
    public void Every_parameter_has_a_gradient_and_dropout_comes_from_its_seed()
    {
        using var scope = new TensorScope();
        var (model, parameters) = Weights.Build(new RandomWeights(5), w => new SpeedStream(w, Small), new WeightsOptions(trains: _ => true));
        var features = Features(2, 120, Small);
        float[] Run(ulong? seed) => model.Forward(features, pass: seed is { } s ? new TrainingPass(s) : null).ToArray();
        Assert.Equal(Run(7), Run(7));
        Assert.NotEqual(Run(7), Run(8));
        Assert.NotEqual(Run(null), Run(7));
        var gradients = model.Forward(features, pass: new TrainingPass(7)).Square().Sum().Backward();
        Assert.All(parameters, p => Assert.Contains(gradients[p.Tensor!]!.ToArray(), g => g != 0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gradients_are_those_of_central_differences(bool reference)
    {
        var backend = reference ? Backend.Reference : Backend.Default;
        var config = Small with { Layers = 1, Dim = 8, Heads = 2, FeedForward = 8, MelBins = 6 };
        using var scope = new TensorScope();
        var (model, parameters) = Weights.Build(new RandomWeights(5), w => new SpeedStream(w, config), new WeightsOptions(backend, trains: _ => true));
        var features = Features(1, 48, config, backend);
        var mix = Tensor.From(Numbers(12 * config.VocabSize, 9), [1, 12, config.VocabSize], backend);
        Tensor Loss() => (model.Forward(features) * mix).Sum();
        var gradients = Loss().Backward();
        foreach (var parameter in parameters.Where(p => p.Name.Contains("distance_bias", StringComparison.Ordinal) || p.Name.Contains("stem", StringComparison.Ordinal) || p.Name.Contains("depthwise", StringComparison.Ordinal)))
        {
            var (tensor, gradient) = (parameter.Tensor!, gradients[parameter.Tensor!]!.ToArray());
            var largest = gradient.Max(Math.Abs);
            var values = tensor.ToArray();
            for (var i = 0; i < values.Length; i += 7)
            {
                double At(float value)
                {
                    var moved = values.ToArray();
                    moved[i] = value;
                    tensor.Fill(moved);
                    return Loss().Scalar;
                }

                const float h = 1e-2f;
                var difference = (At(values[i] + h) - At(values[i] - h)) / (2 * h);
                tensor.Fill(values);
                Assert.True(Math.Abs(difference - gradient[i]) <= 1e-3 * Math.Max(1, largest), $"{parameter.Name}[{i}]: {gradient[i]}, by differences {difference}");
            }
        }
    }

    [Fact]
    public void Both_backends_agree_at_the_sizes_of_training()
    {
        var config = Small with { Layers = 2, Dim = 80, FeedForward = 160, ConvKernel = 9, MelBins = 80, Window = 32 };
        using var scope = new TensorScope();
        (float[] Logits, Dictionary<string, float[]> Gradients) Run(Backend backend)
        {
            var (model, parameters) = Weights.Build(new RandomWeights(5), w => new SpeedStream(w, config), new WeightsOptions(backend, trains: _ => true));
            var logits = model.Forward(Features(3, 101, config, backend));
            var gradients = (logits * Tensor.From(Numbers((int)logits.Count, 9), logits.Shape, backend)).Sum().Backward();
            return (logits.ToArray(), parameters.ToDictionary(p => p.Name, p => gradients[p.Tensor!]!.ToArray()));
        }

        var (fast, slow) = (Run(Backend.Default), Run(Backend.Reference));
        Expect.Close(fast.Logits, slow.Logits, relative: 1e-4f, absolute: 1e-4f);

        // The biases of keys shift all scores of a row alike and have a gradient of 0: what is left of it is the rounding of its terms.
        var largest = slow.Gradients.Values.Max(g => g.Max(Math.Abs));
        foreach (var (name, expected) in slow.Gradients)
        {
            Expect.Close(fast.Gradients[name], expected, relative: 1e-3f, absolute: 1e-5f * largest, what: name);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        using var scope = new TensorScope();
        var model = Make(Small);
        using var state = model.NewState();
        Assert.Contains("at least 4 frames, 20]", Assert.Throws<ShapeException>(() => model.Forward(Tensor.Zeros([1, 30, 80], Backend.Default))).Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => model.Forward(Tensor.Zeros([1, 3, 20], Backend.Default)));
        Assert.Contains("a multiple of 4 up to 8", Assert.Throws<ShapeException>(() => model.Step(Tensor.Zeros([1, 12, 20], Backend.Default), state)).Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => model.Step(Tensor.Zeros([1, 6, 20], Backend.Default), state));
        Assert.Throws<ShapeException>(() => model.Step(Tensor.Zeros([2, 8, 20], Backend.Default), state));
    }

    [Theory]
    [InlineData("""{"hidden_size": 10, "num_attention_heads": 4}""", "hidden_size 10 is not a multiple of num_attention_heads 4")]
    [InlineData("""{"chunk_frames": 10}""", "chunk_frames 10")]
    [InlineData("""{"pad_token_id": 2000}""", "pad_token_id 2000")]
    [InlineData("""{"attention_window": 0}""", "attention_window is 0")]
    [InlineData("""{"attention_strided_keys": 4096, "attention_key_stride": 4096}""", "attention reaches back")]
    [InlineData("""{"num_mel_bins": 2, "feature_deviation": [1, 0]}""", "feature_deviation must be 2 numbers above 0")]
    [InlineData("""{"feature_mean": [1]}""", "feature_mean must be 80 numbers")]
    [InlineData("""{"model_type": "whisper"}""", "model_type is \"whisper\"")]
    public void A_setting_that_cannot_be_is_named(string config, string message)
    {
        using var json = JsonDocument.Parse(config);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => SpeedStreamConfig.Parse(json.RootElement)).Message, StringComparison.Ordinal);
    }

    internal static SpeedStream Make(SpeedStreamConfig config, Backend? backend = null) =>
        Weights.Build(new RandomWeights(5), w => new SpeedStream(w, config), new WeightsOptions(backend ?? Backend.Default)).Model;

    internal static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private static Tensor Features(int batch, int frames, SpeedStreamConfig config, Backend? backend = null) =>
        Tensor.From([.. Numbers(batch * frames * config.MelBins, 3).Select(v => (12 * v) - 8)], [batch, frames, config.MelBins], backend ?? Backend.Default);

    private static IEnumerable<int> Ends(int[] pieces)
    {
        var end = 0;
        return pieces.Select(p => end += p);
    }
}
