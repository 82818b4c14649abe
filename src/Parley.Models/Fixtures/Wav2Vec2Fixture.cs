using System.Text.Json;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Fixtures of the CTC models: every layer with and without the attention mask, symbols, frames and the loss.</summary>
internal static class Wav2Vec2Fixture
{
    // What the reference computes before any mask, so it stands under its plain name although no mask was given.
    private static readonly string[] Unmasked = ["conv_features", "feature_projection", "pos_conv"];

    public static void Compute(Fixture fixture, JsonElement json, FixtureResults results, Backend backend)
    {
        var config = Wav2Vec2Config.Parse(json);
        using var checkpoint = Checkpoint.Open(fixture.Folder.Path);
        if (!checkpoint.Tensors.ContainsKey("lm_head.weight"))
        {
            results.CannotCompute("", "the checkpoint has no CTC head (lm_head)");
            return;
        }

        var model = Weights.Build(new CheckpointWeights(checkpoint), w => new CtcModel(w, config), new WeightsOptions(backend)).Model;
        var stored = fixture.Inputs["input_values"];
        var waveforms = Tensor.From(stored.ToSingles(), Size(stored), backend);
        var all = new Taps();
        model.Forward(waveforms, taps: all);
        var lengths = Lengths(fixture, stored);
        var masked = all;
        if (lengths is not null)
        {
            masked = new Taps(name => !Unmasked.Contains(name));
            model.Forward(waveforms, lengths, masked);
            results.Add(all, ".nomask");
            AddSymbols(results, all, ".nomask");
        }

        results.Add(all);
        results.Add(masked);
        AddSymbols(results, masked, "");
        var frames = (lengths ?? [.. Enumerable.Repeat(waveforms.Shape[1], waveforms.Shape[0])]).Select(config.FramesOf).ToArray();
        results.Add("output_lengths", [frames.Length], [.. frames.Select(f => (long)f)]);
        AddLoss(fixture, config, results, waveforms, lengths, frames);
    }

    private static Shape Size(StoredTensor stored) => stored.Shape.Count == 2
        ? [checked((int)stored.Shape[0]), checked((int)stored.Shape[1])]
        : throw new InvalidDataException($"input_values has {stored.Shape.Count} dimensions; [batch, samples] was expected");

    /// <summary>Ones of each row of the mask; like the reference, which counts them.</summary>
    private static int[]? Lengths(Fixture fixture, StoredTensor input)
    {
        if (!fixture.Inputs.Tensors.TryGetValue("attention_mask", out var mask))
        {
            return null;
        }

        if (!mask.Shape.SequenceEqual(input.Shape))
        {
            throw new InvalidDataException($"{fixture.Name}: attention_mask does not have the shape of input_values");
        }

        var (ones, width) = (mask.ToIntegers(), checked((int)mask.Shape[1]));
        return [.. ones.Chunk(Math.Max(width, 1)).Select(row => row.Count(i => i != 0))];
    }

    private static void AddSymbols(FixtureResults results, Taps taps, string suffix)
    {
        if (taps.TryGet("logits", out var logits))
        {
            var symbols = logits.Shape[2];
            results.Add("argmax_ids" + suffix, [logits.Shape[0], logits.Shape[1]], [.. logits.Values.Chunk(symbols).Select(row => (long)Array.IndexOf(row, row.Max()))]);
        }
    }

    private static void AddLoss(Fixture fixture, Wav2Vec2Config config, FixtureResults results, Tensor waveforms, int[]? lengths, int[] frames)
    {
        if (!fixture.Inputs.Tensors.TryGetValue("labels", out var labels))
        {
            results.CannotCompute("ctc_loss", "the inputs hold no labels");
            return;
        }

        if (labels.Shape.Count != 2)
        {
            throw new InvalidDataException($"{fixture.Name}: labels have {labels.Shape.Count} dimensions; [batch, symbols] was expected");
        }

        var width = checked((int)labels.Shape[1]);
        int[][] targets = [.. labels.ToIntegers().Chunk(Math.Max(width, 1)).Select(row => row.Where(id => id >= 0).Select(id => checked((int)id)).ToArray())];
        if (targets.Length != frames.Length)
        {
            throw new InvalidDataException($"{fixture.Name}: {targets.Length} rows of labels for {frames.Length} clips");
        }

        // The model once more, with gradients.
        using var checkpoint = Checkpoint.Open(fixture.Folder.Path);
        var (model, parameters) = Weights.Build(new CheckpointWeights(checkpoint), w => new CtcModel(w, config), new WeightsOptions(waveforms.Backend, trains: _ => true));
        var reduction = config.CtcReduction == "mean" ? LossReduction.MeanPerSymbol : LossReduction.Sum;
        var loss = CtcLoss.Compute(model.Forward(waveforms, lengths), frames, targets, config.Blank, reduction, config.CtcZeroInfinity);
        results.Add("ctc_loss", [], [loss.Scalar]);
        results.AddGradients(loss, parameters);
    }
}
