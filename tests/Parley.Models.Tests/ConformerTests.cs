using Parley.Audio;
using Parley.Nn;
using Parley.Tensors;
using Parley.TestSupport;
using Xunit;

namespace Parley.Models.Tests;

public sealed class ConformerTests
{
    private static readonly ConformerConfig Small = new(
        Dim: 24, Layers: 2, Heads: 4, FeedForward: 48, ConvKernel: 7, MelBins: 20, SubsamplingFactor: 4, SubsamplingChannels: 8, Subsampling: "striding");

    public static TheoryData<string, bool> Goldens =>
    [
        .. (from name in (string[])["parakeet_ctc", "ta_conformer"] from reference in (bool[])[true, false] select (name, reference)),
    ];

    [Theory]
    [MemberData(nameof(Goldens))]
    public void Every_layer_and_gradient_equals_the_reference(string name, bool reference)
    {
        var rows = FixtureRunner.Run(TestSupport.Goldens.Folder(name), reference ? Backend.Reference : Backend.Default);
        Assert.All(rows, r => Assert.True(r.Verdict == FixtureVerdict.Passed, $"{name} {r.Name}: {r.Verdict} {r.Detail}"));
    }

    [Fact]
    public void The_front_end_equals_the_references()
    {
        using var inputs = Checkpoint.Open(Path.Combine(TestSupport.Goldens.Folder("parakeet_ctc"), "inputs.safetensors"));
        var (waves, lengths, features) = (inputs["waveform"], inputs["lengths"].ToIntegers(), inputs["input_features"]);
        var expected = features.ToSingles();
        var (samples, frames, bins) = ((int)waves.Shape[1], (int)features.Shape[1], (int)features.Shape[2]);
        var mel = new NemoMel(new NemoMelOptions(MelBins: bins));
        for (var i = 0; i < lengths.Length; i++)
        {
            var own = mel.Extract(waves.ToSingles().AsSpan(i * samples, (int)lengths[i])).As(FeatureLayout.FramesFirst);
            Assert.Equal((int)lengths[i] / 160, own.Frames);
            Expect.Close(own.Values, expected.AsSpan(i * frames * bins, own.Frames * bins).ToArray(), relative: 1e-4f, absolute: 2e-4f);
            Assert.All(expected.AsSpan(((i * frames) + own.Frames) * bins, (frames - own.Frames) * bins).ToArray(), v => Assert.Equal(0, v));
        }
    }

    [Theory]
    [InlineData("striding", 4, "batch_norm", 31)]
    [InlineData("dw_striding", 8, "batch_norm", 9)]
    [InlineData("striding", 4, "layer_norm", 32)]
    public void One_utterance_gives_alone_what_it_gives_in_a_batch_whatever_its_padding(string subsampling, int factor, string norm, int kernel)
    {
        using var scope = new TensorScope();
        var config = Small with { Subsampling = subsampling, SubsamplingFactor = factor, ConvNorm = norm, ConvKernel = kernel };
        var model = Weights.Build(new RandomWeights(5), w => new ConformerEncoder(w, config)).Model;
        var random = new Random(3);
        int[] lengths = [61, 8, 100, 1];
        var features = Tensor.From([.. Enumerable.Range(0, lengths.Length * 100 * config.MelBins).Select(_ => 5 * (random.NextSingle() - 0.5f))], [lengths.Length, 100, config.MelBins], Backend.Default);
        var together = model.Forward(features, lengths);
        for (var i = 0; i < lengths.Length; i++)
        {
            var alone = model.Forward(features.Slice(0, i, i + 1).Slice(1, 0, lengths[i]));
            Assert.Equal(config.FramesOf(lengths[i]), alone.Shape[1]);
            var within = together.Slice(0, i, i + 1).Slice(1, 0, alone.Shape[1]);
            Expect.Close(within.ToArray(), alone.ToArray(), relative: 1e-4f, absolute: 1e-5f);
        }
    }

    [Fact]
    public void Training_drops_by_its_seed_and_inference_drops_nothing()
    {
        using var scope = new TensorScope();
        var (model, parameters) = Weights.Build(new RandomWeights(5), w => new ConformerEncoder(w, Small with { PositionDropout = 0.1f }), new WeightsOptions(trains: _ => true));
        var random = new Random(4);
        var features = Tensor.From([.. Enumerable.Range(0, 2 * 40 * 20).Select(_ => random.NextSingle())], [2, 40, 20], Backend.Default);
        float[] Run(ulong? seed) => model.Forward(features, [40, 30], seed is { } s ? new TrainingPass(s) : null).ToArray();
        Assert.Equal(Run(7), Run(7));
        Assert.NotEqual(Run(7), Run(8));
        Assert.Equal(Run(null), Run(null));
        Assert.NotEqual(Run(null), Run(7));
        var gradients = model.Forward(features, [40, 30], new TrainingPass(7)).Square().Sum().Backward();
        Assert.All(parameters.Where(p => !p.IsBuffer), p => Assert.NotNull(gradients[p.Tensor!]));
    }

    [Fact]
    public void A_fast_conformer_of_published_sizes_has_their_count()
    {
        // The encoder of canary-1b-flash: 32 layers, 128 mels.
        var parameters = Weights.Build(new ShapeSource(), w => new ConformerEncoder(w, new ConformerConfig(Layers: 32, MelBins: 128, ScaleInput: false))).Parameters;
        Assert.Equal(810_984_448, ModelDescription.Trainable(parameters));
    }

    [Fact]
    public void A_transducer_steps_as_it_trains_and_every_parameter_has_a_gradient()
    {
        using var scope = new TensorScope();
        var config = new ConformerTransducerConfig(Small, VocabSize: 11, PredictorDim: 16, PredictorLayers: 2, JointDim: 12, Durations: [0, 1, 2]);
        config.Validate();
        var (model, parameters) = Weights.Build(new RandomWeights(6), w => new ConformerTransducer(w, config), new WeightsOptions(trains: _ => true));
        var random = new Random(2);
        var features = Tensor.From([.. Enumerable.Range(0, 2 * 40 * 20).Select(_ => random.NextSingle())], [2, 40, 20], Backend.Default);
        int[] symbols = [3, 9, 0, 7, 7, 1];
        var logits = model.Forward(features, [40, 30], new IntTensor(symbols, [2, 3]));
        Assert.Equal([2, 10, 4, 15], logits.Shape.Dims.ToArray());

        var heard = model.Encoder.Forward(features, [40, 30]);
        var state = model.Prediction.Start(2);
        for (var u = 0; u <= 3; u++)
        {
            var step = model.Joint.Score(model.Joint.Heard(heard) + model.Joint.Said(state.Output).Unsqueeze(1));
            Expect.Close(step.ToArray(), logits.Select(2, u).ToArray(), relative: 1e-4f, absolute: 1e-5f);
            state = u < 3 ? model.Prediction.Step([symbols[u], symbols[3 + u]], state.State) : state;
        }

        var gradients = logits.Square().Sum().Backward();
        Assert.All(parameters.Where(p => !p.IsBuffer), p => Assert.NotNull(gradients[p.Tensor!]));
    }

    [Fact]
    public void Features_that_do_not_fit_are_refused()
    {
        using var scope = new TensorScope();
        var model = Weights.Build(new RandomWeights(5), w => new ConformerEncoder(w, Small)).Model;
        Assert.Contains("[batch, frames, 20]", Assert.Throws<ShapeException>(() => model.Forward(Tensor.Zeros([1, 30, 80], Backend.Default))).Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => model.Forward(Tensor.Zeros([1, 0, 20], Backend.Default)));
        Assert.Throws<ShapeException>(() => model.Forward(Tensor.Zeros([2, 30, 20], Backend.Default), [31, 2]));
    }
}
