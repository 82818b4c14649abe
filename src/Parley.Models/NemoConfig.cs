using System.Text.Json;
using Parley.Audio;

namespace Parley.Models;

/// <summary>What a NeMo <c>model_config.yaml</c> says of a Conformer.</summary>
/// <remarks>Keys: NVIDIA/NeMo:examples/asr/conf/conformer/conformer_ctc_bpe.yaml, conformer_transducer_bpe.yaml and fastconformer/.</remarks>
/// <param name="Ctc">Sizes, when it has a CTC head.</param>
/// <param name="Transducer">Sizes, when it is a transducer.</param>
/// <param name="Front">Front end.</param>
/// <param name="Symbols">Its symbols as the configuration lists them, without the blank.</param>
/// <param name="TokenizerType">"bpe", "wpe", or null when the symbols are characters.</param>
/// <param name="TokenizerFile">Name of the tokenizer's model in the archive; null: none.</param>
internal sealed record NemoConfig(
    ConformerCtcConfig? Ctc, ConformerTransducerConfig? Transducer, NemoMelOptions Front, IReadOnlyList<string> Symbols, string? TokenizerType, string? TokenizerFile)
{
    /// <summary>Reads a configuration; what the code cannot honour is named.</summary>
    public static NemoConfig Parse(JsonElement json)
    {
        var root = new NemoNode(json, "model_config.yaml");
        var encoder = root["encoder"];
        var target = encoder.Text("_target_") ?? "";
        if (!target.EndsWith(".ConformerEncoder", StringComparison.Ordinal))
        {
            throw encoder.Bad("_target_", $"is \"{target}\"; only ConformerEncoder is supported");
        }

        var front = FrontEnd(root["preprocessor"]);
        var sizes = Encoder(encoder, front.MelBins);
        var decoder = root["decoder"];
        var symbols = decoder.Has("vocabulary") ? decoder.Texts("vocabulary") : root["joint"].Texts("vocabulary");
        var tokenizer = root.Has("tokenizer") ? root["tokenizer"] : null;
        var file = tokenizer?.Text("model_path");
        file = file is not null && file.StartsWith("nemo:", StringComparison.Ordinal) ? file["nemo:".Length..] : null;
        var kind = decoder.Text("_target_") ?? "";
        if (kind.EndsWith(".ConvASRDecoder", StringComparison.Ordinal))
        {
            var ctc = new ConformerCtcConfig(sizes, symbols.Count + 1, symbols.Count);
            ctc.Validate();
            return new NemoConfig(ctc, null, front, symbols, tokenizer?.Text("type"), file);
        }

        if (!kind.EndsWith(".RNNTDecoder", StringComparison.Ordinal))
        {
            throw decoder.Bad("_target_", $"is \"{kind}\"; ConvASRDecoder and RNNTDecoder are supported");
        }

        var (prediction, joint) = (decoder["prednet"], root["joint"]["jointnet"]);
        var durations = root.Has("model_defaults") && root["model_defaults"].Has("tdt_durations") ? root["model_defaults"].Numbers("tdt_durations") : null;
        var transducer = new ConformerTransducerConfig(
            sizes, symbols.Count + 1, symbols.Count, prediction.Int("pred_hidden"), prediction.Int("pred_rnn_layers"), joint.Int("joint_hidden"), joint.Text("activation") ?? "relu", durations,
            Dropout: joint.Real("dropout", 0), ModelType: durations is null ? ConformerTransducerConfig.Rnnt : ConformerTransducerConfig.Tdt);
        transducer.Validate();
        return new NemoConfig(null, transducer, front, symbols, tokenizer?.Text("type"), file);
    }

    private static ConformerConfig Encoder(NemoNode e, int mels)
    {
        e.Only("self_attention_model", "rel_pos");
        e.Only("untie_biases", "true");
        e.Only("conv_context_size", "null");
        e.Only("att_context_style", "regular");
        e.Only("causal_downsampling", "false");
        if (e.Has("att_context_size") && !e.Numbers("att_context_size").SequenceEqual([-1, -1]))
        {
            throw e.Bad("att_context_size", "limits attention, which is not supported; only [-1, -1] is");
        }

        var dim = e.Int("d_model");
        if (e.Int("feat_out", -1) is var width && width > 0 && width != dim)
        {
            throw e.Bad("feat_out", "is another width than d_model, which is not supported");
        }

        if (e.Int("feat_in", mels) != mels)
        {
            throw e.Bad("feat_in", $"is not the {mels} bands of the preprocessor");
        }

        var channels = e.Int("subsampling_conv_channels", -1);
        var (bias, dropout) = (e.Flag("use_bias", true), e.Real("dropout", 0.1f));
        return new ConformerConfig(
            dim, e.Int("n_layers"), e.Int("n_heads"), dim * e.Int("ff_expansion_factor", 4), Bias: bias, ConvolutionBias: bias, ConvKernel: e.Int("conv_kernel_size"), MelBins: mels,
            SubsamplingFactor: e.Int("subsampling_factor"), SubsamplingChannels: channels > 0 ? channels : dim, Dropout: dropout, ActivationDropout: dropout,
            AttentionDropout: e.Real("dropout_att", 0), PositionDropout: e.Real("dropout_emb", 0), ScaleInput: e.Flag("xscaling", true), Subsampling: e.Text("subsampling") ?? "striding",
            ConvNorm: e.Text("conv_norm_type") ?? "batch_norm");
    }

    private static NemoMelOptions FrontEnd(NemoNode p)
    {
        var rate = p.Int("sample_rate", 16000);
        p.Only("window", "hann");
        p.Only("frame_splicing", "1");
        if (rate != SpeechRecognizer.SampleRate)
        {
            throw p.Bad("sample_rate", $"is {rate}; only {SpeechRecognizer.SampleRate} is supported");
        }

        int Samples(string name, float seconds) => (int)Math.Round(p.Real(name, seconds) * rate);
        var options = new NemoMelOptions(p.Int("features", 64), rate, p.Int("n_fft", 512), Samples("window_stride", 0.01f), Samples("window_size", 0.02f), p.Real("preemph", 0.97f));
        return ConformerFrontEnd.Normalised(p, options, otherwise: "NA");
    }
}
