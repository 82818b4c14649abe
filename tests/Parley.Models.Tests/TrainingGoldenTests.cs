using Parley.Nn;
using Parley.Tensors;
using Parley.TestSupport;

namespace Parley.Models.Tests;

/// <summary>Eight steps of training give the losses, gradient norms and parameters that the reference got.</summary>
public sealed class TrainingGoldenTests
{
    private const int Steps = 8;

    [Fact]
    public void Whisper_learns_as_the_reference_does()
    {
        var inputs = new TensorFile(Path.Combine(Goldens.Folder("train_whisper_80"), "inputs.safetensors"));
        var labels = inputs.Integers("labels");
        var length = inputs.Shape("labels")[^1];
        int[] tokens = [.. labels.Select((_, i) => i % length == 0 ? 41 : labels[i - 1] < 0 ? 40 : (int)labels[i - 1])];
        var ids = new IntTensor([.. labels.Select(l => (int)l)], Shape.Create(inputs.Shape("labels")));
        var folder = new ModelFolder(Goldens.Folder("whisper_80"));
        using var json = folder.JsonOrNull("config.json");
        var config = WhisperConfig.Parse(json!.RootElement);
        Check("train_whisper_80", "whisper_80", peak: 0.002, name => name != "model.encoder.embed_positions.weight", w => new Whisper(w["model"], config), model =>
        {
            var features = model.Encoder.Forward(Tensor.From(inputs.Floats("input_features"), Shape.Create(inputs.Shape("input_features")), Backend.Default));
            return CrossEntropy.Compute(model.Decoder.Forward(new IntTensor(tokens, ids.Shape), features), ids);
        });
    }

    [Fact]
    public void Wav2vec2_learns_as_the_reference_does()
    {
        var inputs = new TensorFile(Path.Combine(Goldens.Folder("train_wav2vec2_base_ctc"), "inputs.safetensors"));
        var (batch, samples) = (inputs.Shape("input_values")[0], inputs.Shape("input_values")[1]);
        int[][] targets = [.. inputs.Integers("labels").Chunk(inputs.Shape("labels")[1]).Select(row => row.Where(l => l >= 0).Select(l => (int)l).ToArray())];
        int[] lengths = [.. inputs.Integers("attention_mask").Chunk(samples).Select(row => (int)row.Sum())];
        var folder = new ModelFolder(Goldens.Folder("wav2vec2_base_ctc"));
        using var json = folder.JsonOrNull("config.json");
        var config = Wav2Vec2Config.Parse(json!.RootElement);
        var reduction = config.CtcReduction == "mean" ? LossReduction.MeanPerSymbol : LossReduction.Sum;
        Check("train_wav2vec2_base_ctc", "wav2vec2_base_ctc", peak: 0.001, _ => true, w => new CtcModel(w, config), model => CtcLoss.Compute(
            model.Forward(Tensor.From(inputs.Floats("input_values"), [batch, samples], Backend.Default), lengths),
            [.. lengths.Select(config.FramesOf)],
            targets,
            config.Blank,
            reduction,
            config.CtcZeroInfinity));
    }

    [Fact]
    public void Gpt2_learns_as_the_reference_does()
    {
        var inputs = new TensorFile(Path.Combine(Goldens.Folder("train_gpt2"), "inputs.safetensors"));
        using var json = new ModelFolder(Goldens.Folder("gpt2")).Config();
        var config = Gpt2Config.Parse(json.RootElement);
        Check("train_gpt2", "gpt2", peak: 0.003, _ => true, w => new Gpt2(w, config), model => Gpt2GoldenTests.Loss(model, inputs));
    }

    private static void Check<T>(string golden, string start, double peak, Func<string, bool> trains, Func<Weights, T> make, Func<T, Tensor> lossOf)
    {
        var expected = new TensorFile(Path.Combine(Goldens.Folder(golden), "expected.safetensors"));
        using var checkpoint = Checkpoint.Open(Goldens.Folder(start));
        var (model, parameters) = Weights.Build(new CheckpointWeights(checkpoint), make, new WeightsOptions(trains: trains));
        using var optimizer = new Adam(0.9f, 0.98f, 1e-6f, weightDecay: 0.05f);
        var schedule = new Schedule(ScheduleKind.Linear, peak, Warmup: 3, Total: 10);
        for (var step = 0; step < Steps; step++)
        {
            using var scope = new TensorScope();
            var loss = lossOf(model);
            Assert.Equal(expected.Floats("losses")[step], loss.Scalar, 1e-4);
            var gradients = loss.Backward();
            TrainedParameter[] trained = [.. parameters.Where(p => p.Tensor is { IsParameter: true } t && gradients[t] is not null)
                .Select(p => new TrainedParameter(p.Name, p.Tensor!, gradients[p.Tensor!]!, p.Shape.Rank >= 2))];
            Assert.Equal(expected.Floats("grad_norms")[step], GradientNorm.Clip(trained, 1), 1e-3);
            Assert.Equal(expected.Floats("rates")[step], schedule.At(step), 1e-9);
            optimizer.Step(trained, schedule.At(step));
        }

        using (new TensorScope())
        {
            Assert.Equal(expected.Floats("loss_after")[0], lossOf(model).Scalar, 1e-4);
        }

        foreach (var name in expected.Names.Where(n => n.StartsWith("param.", StringComparison.Ordinal)))
        {
            var parameter = Assert.Single(parameters, p => $"param.{p.Name}" == name);
            Expect.Close(parameter.Tensor!.ToArray(), expected.Floats(name), relative: 1e-4f, absolute: 2e-5f, name);
        }
    }
}
