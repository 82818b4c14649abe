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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_transducer_steps_as_it_trains_and_every_parameter_has_a_gradient(bool skips)
    {
        using var scope = new TensorScope();
        var config = Transducer(skips);
        var (model, parameters) = Weights.Build(new RandomWeights(6), w => new ConformerTransducer(w, config), new WeightsOptions(trains: _ => true));
        var (features, lengths) = (Noise(2, 40), new[] { 40, 30 });
        int[][] targets = [[3, 9, 0], [7, 7]];

        // Step by step through the utterance alone, then all scores at once.
        var losses = 0.0;
        for (var i = 0; i < targets.Length; i++)
        {
            using var pause = Autograd.Pause();
            var heard = model.Hear(features.Slice(0, i, i + 1).Slice(1, 0, lengths[i])).Select(0, 0);
            var (said, rows) = (model.Prediction.Start(1), new List<Tensor>());
            for (var u = 0; u <= targets[i].Length; u++)
            {
                rows.Add(model.Joint.Score(heard + said.Output));
                said = u < targets[i].Length ? model.Prediction.Step([targets[i][u]], said.State) : said;
            }

            var logits = Tensor.Stack(1, [.. rows]);
            Assert.Equal([config.Encoder.FramesOf(lengths[i]), targets[i].Length + 1, skips ? 15 : 12], logits.Shape.Dims.ToArray());
            var batch = new TransducerBatch(logits.Shape[0], logits.Shape[1], logits.Shape[2], [logits.Shape[0]], [targets[i]]);
            losses += (skips ? TdtLoss.Compute(batch, logits.Values, [], 11, config.Durations!) : RnntLoss.Compute(batch, logits.Values, [], 11))[0];
        }

        var loss = model.Loss(features, lengths, targets, LossReduction.Sum);
        Assert.Equal(losses, loss.Scalar, 1e-3);
        var gradients = loss.Backward();
        Assert.All(parameters.Where(p => !p.IsBuffer), p => Assert.NotNull(gradients[p.Tensor!]));
    }

    [Fact]
    public void A_transducers_gradients_are_central_differences()
    {
        using var scope = new TensorScope();
        var config = Transducer(skips: false) with { Encoder = Small with { Layers = 1 } };
        var (model, parameters) = Weights.Build(new RandomWeights(7), w => new ConformerTransducer(w, config), new WeightsOptions(trains: _ => true));
        var features = Noise(2, 24);
        Tensor Loss() => model.Loss(features, [24, 17], [[3, 9], [7]], LossReduction.Sum);
        var gradients = Loss().Backward();
        foreach (var parameter in parameters.Where(p => !p.IsBuffer))
        {
            // Along the gradient itself: every one of its elements counts.
            var (values, gradient) = (parameter.Tensor!.ToArray(), gradients[parameter.Tensor!]!.ToArray());
            var norm = Math.Sqrt(gradient.Sum(g => (double)g * g));
            double At(double step)
            {
                parameter.Tensor!.Fill([.. values.Select((v, k) => (float)(v + (step * gradient[k] / Math.Max(norm, 1e-9))))]);
                using var pause = Autograd.Pause();
                return Loss().Scalar;
            }

            Assert.Equal((At(5e-4) - At(-5e-4)) / 1e-3, norm, 2e-2 * Math.Max(1, norm));
            parameter.Tensor!.Fill(values);
        }
    }

    [Fact]
    public void A_transducers_names_are_those_of_published_folders()
    {
        var names = Weights.Build(new ShapeSource(), w => new ConformerTransducer(w, Transducer(skips: true))).Parameters.Where(p => !p.Name.StartsWith("encoder.", StringComparison.Ordinal)).Select(p => $"{p.Name} {p.Shape}");
        Assert.Equal(
            [
                "decoder.decoder_projector.bias [16]", "decoder.decoder_projector.weight [16, 16]", "decoder.embedding.weight [12, 16]",
                .. (from part in (string[])["bias_hh", "bias_ih", "weight_hh", "weight_ih"] from layer in (int[])[0, 1] select $"decoder.lstm.{part}_l{layer} {(part[0] == 'b' ? "[64]" : "[64, 16]")}"),
                "encoder_projector.bias [16]", "encoder_projector.weight [16, 24]", "joint.head.bias [15]", "joint.head.weight [15, 16]",
            ],
            names.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"model_type": "parakeet_tdt", "encoder_config": {}, "durations": [0, 0]}""", "durations")]
    [InlineData("""{"model_type": "parakeet_rnnt", "encoder_config": {}, "durations": [0, 1]}""", "durations")]
    [InlineData("""{"model_type": "parakeet_rnnt", "encoder_config": {}, "vocab_size": 100}""", "blank_token_id 8192")]
    [InlineData("""{"model_type": "parakeet_rnnt", "encoder_config": {}, "num_prompts": 4}""", "num_prompts")]
    [InlineData("""{"model_type": "parakeet_rnnt", "encoder_config": {}, "hidden_act": "sine"}""", "sine")]
    [InlineData("""{"model_type": "parakeet_rnnt"}""", "encoder_config")]
    public void What_a_transducer_cannot_honour_is_named(string json, string named)
    {
        using var parsed = System.Text.Json.JsonDocument.Parse(json);
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => ConformerTransducerConfig.Parse(parsed.RootElement)).Message, StringComparison.Ordinal);
    }

    private static ConformerTransducerConfig Transducer(bool skips)
    {
        var config = new ConformerTransducerConfig(
            Small, VocabSize: 12, Blank: 11, PredictorDim: 16, Durations: skips ? [0, 1, 2] : null, ModelType: skips ? "parakeet_tdt" : "parakeet_rnnt");
        config.Validate();
        return config;
    }

    private static Tensor Noise(int batch, int frames)
    {
        var random = new Random(2);
        return Tensor.From([.. Enumerable.Range(0, batch * frames * 20).Select(_ => random.NextSingle())], [batch, frames, 20], Backend.Default);
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
