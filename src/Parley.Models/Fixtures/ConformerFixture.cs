using System.Text.Json;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Fixtures of Conformers: Parakeet with its CTC head, and torchaudio's blocks without positions.</summary>
internal static class ConformerFixture
{
    /// <summary>Whether a folder holds torchaudio's Conformer.</summary>
    public static bool IsTorchaudio(JsonElement? config) =>
        config is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty("class", out var name) && name.ValueEquals("torchaudio.models.conformer.Conformer");

    /// <summary>Every layer, the symbols, the loss and the gradients of a Parakeet; what it makes of padding is zeroed as in the fixture.</summary>
    public static void Compute(Fixture fixture, JsonElement json, FixtureResults results, Backend backend)
    {
        var config = ConformerCtcConfig.Parse(json);
        using var checkpoint = Checkpoint.Open(fixture.Folder.Path);
        var (model, parameters) = Weights.Build(new CheckpointWeights(checkpoint), w => new ConformerCtc(w, config), new WeightsOptions(backend, trains: _ => true));
        var features = WhisperFixture.Input(fixture, "input_features", backend);
        var mask = WhisperFixture.Ids(fixture, "attention_mask");
        int[] lengths = [.. mask.Values.ToArray().Chunk(mask.Shape[1]).Select(row => row.Count(i => i != 0))];
        int[] frames = [.. lengths.Select(config.Encoder.FramesOf)];
        var taps = new Taps();
        var logits = model.Forward(features, lengths, taps: taps);
        foreach (var name in taps.Names)
        {
            if (taps.TryGet(name, out var tensor))
            {
                results.Add(name, tensor.Shape.Dims.ToArray(), Zeroed(tensor.Values, tensor.Shape, frames));
            }
        }

        var symbols = config.VocabSize;
        var best = logits.ToArray().Chunk(symbols).Select((row, i) => i % logits.Shape[1] < frames[i / logits.Shape[1]] ? (long)Array.IndexOf(row, row.Max()) : 0L);
        results.Add("argmax_ids", [logits.Shape[0], logits.Shape[1]], [.. best]);
        results.Add("output_lengths", [frames.Length], [.. frames.Select(n => (long)n)]);
        if (!fixture.Inputs.Tensors.ContainsKey("labels"))
        {
            results.CannotCompute("ctc_loss", "the inputs hold no labels");
            return;
        }

        var labels = WhisperFixture.Ids(fixture, "labels");
        int[][] targets = [.. labels.Values.ToArray().Chunk(labels.Shape[1]).Select(row => row.Where(id => id >= 0 && id != config.Blank).ToArray())];
        var reduction = config.CtcReduction == "mean" ? LossReduction.MeanPerSymbol : LossReduction.Sum;
        var loss = CtcLoss.Compute(logits, frames, targets, config.Blank, reduction, config.CtcZeroInfinity);
        results.Add("ctc_loss", [], [loss.Scalar]);
        results.AddGradients(loss, parameters);
    }

    /// <summary>torchaudio's Conformer, whose convolutions hear padding.</summary>
    public static void Torchaudio(Fixture fixture, JsonElement json, FixtureResults results, Backend backend)
    {
        var arguments = json.GetProperty("arguments");
        int Number(string name) => arguments.GetProperty(name).GetInt32();
        var config = new ConformerConfig(
            Number("input_dim"), Number("num_layers"), Number("num_heads"), Number("ffn_dim"), ConvKernel: Number("depthwise_conv_kernel_size"), SubsamplingFactor: 1, ScaleInput: false,
            Positions: "none", ConvNorm: Flag("use_group_norm") ? "group_norm1" : "batch_norm", ConvolutionFirst: Flag("convolution_first"), MaskConvolution: false);
        config.Validate();
        using var checkpoint = Checkpoint.Open(fixture.Folder.Path);
        var source = new RenamedWeights(new SplitAttentionWeights(new CheckpointWeights(checkpoint)), TorchaudioName);
        var model = Weights.Build(source, w => new ConformerEncoder(w["encoder"], config), new WeightsOptions(backend)).Model;
        var lengths = WhisperFixture.Ids(fixture, "lengths").Values.ToArray();
        var y = model.Forward(WhisperFixture.Input(fixture, "x", backend), lengths);
        results.Add("y", y.Shape.Dims.ToArray(), Zeroed(y.ToArray(), y.Shape, lengths));
        results.Add("lengths", [lengths.Length], [.. lengths.Select(n => (long)n)]);
        bool Flag(string name) => arguments.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True;
    }

    private static float[] Zeroed(float[] values, Shape shape, int[] lengths)
    {
        values = [.. values];
        for (var i = 0; i < lengths.Length; i++)
        {
            var (row, width) = (shape[1] * shape[2], shape[2]);
            values.AsSpan((i * row) + (lengths[i] * width), row - (lengths[i] * width)).Clear();
        }

        return values;
    }

    private static string TorchaudioName(string name)
    {
        (string Theirs, string Ours)[] parts =
        [
            ("conformer_layers.", "encoder.layers."), (".ffn1.sequential.0.", ".norm_feed_forward1."), (".ffn1.sequential.1.", ".feed_forward1.linear1."), (".ffn1.sequential.4.", ".feed_forward1.linear2."),
            (".ffn2.sequential.0.", ".norm_feed_forward2."), (".ffn2.sequential.1.", ".feed_forward2.linear1."), (".ffn2.sequential.4.", ".feed_forward2.linear2."),
            (".self_attn_layer_norm.", ".norm_self_att."), (".out_proj.", ".o_proj."), (".conv_module.layer_norm.", ".norm_conv."), (".conv_module.sequential.0.", ".conv.pointwise_conv1."),
            (".conv_module.sequential.2.", ".conv.depthwise_conv."), (".conv_module.sequential.3.", ".conv.norm."), (".conv_module.sequential.5.", ".conv.pointwise_conv2."), (".final_layer_norm.", ".norm_out."),
        ];
        return parts.Aggregate(name, (n, part) => n.Replace(part.Theirs, part.Ours, StringComparison.Ordinal));
    }
}
