using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Sizes and choices of a wav2vec 2.0, HuBERT, WavLM or wav2vec2-conformer model, with the keys of its <c>config.json</c>.</summary>
/// <param name="ModelType">Family: "wav2vec2", "hubert", "wavlm" or "wav2vec2-conformer".</param>
/// <param name="Dim">Width of the transformer.</param>
/// <param name="Layers">Transformer blocks.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="FeedForward">Inner width of the feed-forward parts.</param>
/// <param name="VocabSize">Symbols of the CTC head.</param>
/// <param name="HiddenActivation">Activation of the feed-forward parts.</param>
/// <param name="LayerNormEpsilon">ε of the layer norms.</param>
/// <param name="FeatureNorm">Norm in the convolutions: "group" (over time, after the first only) or "layer" (over channels, after each).</param>
/// <param name="FeatureActivation">Activation of the convolutions.</param>
/// <param name="ConvDims">Channels of each convolution.</param>
/// <param name="ConvStrides">Stride of each convolution, in steps of its input.</param>
/// <param name="ConvKernels">Taps of each convolution.</param>
/// <param name="ConvBias">Whether the convolutions have a bias.</param>
/// <param name="FeatureLayers">Number of convolutions; null: as many as sizes are given.</param>
/// <param name="PositionKernel">Taps of the positional convolution.</param>
/// <param name="PositionGroups">Groups of the positional convolution.</param>
/// <param name="PreNorm">Norms before attention and feed-forward rather than after: the "stable layer norm" of the large models.</param>
/// <param name="ProjectionNorm">HuBERT: normalise the convolutions' features before their projection.</param>
/// <param name="PositionBatchNorm">HuBERT: batch norm before the positional convolution, in place of its weight norm.</param>
/// <param name="AddAdapter">Convolutions after the transformer; not supported.</param>
/// <param name="AdapterAttentionDim">Language adapters in the blocks; not supported.</param>
/// <param name="Blank">Id of the CTC blank.</param>
/// <param name="CtcReduction">How the training loss folds a batch: "sum" or "mean".</param>
/// <param name="CtcZeroInfinity">Count impossible utterances as a loss of 0.</param>
/// <param name="MaskTimeProb">Share of frames masked in training; with <paramref name="MaskFeatureProb"/> it tells whether there is a mask vector.</param>
/// <param name="MaskFeatureProb">Share of features masked in training.</param>
/// <param name="Buckets">WavLM: buckets of relative positions.</param>
/// <param name="MaxBucketDistance">WavLM: distance in frames from which all positions share a bucket.</param>
/// <param name="PositionType">Conformer: "relative", "rotary", or null for none.</param>
/// <param name="RotaryBase">Conformer: base of the rotary frequencies.</param>
/// <param name="DepthwiseKernel">Conformer: taps of the depthwise convolutions.</param>
public sealed record Wav2Vec2Config(
    [property: JsonPropertyName("model_type")] string ModelType,
    [property: JsonPropertyName("hidden_size")] int Dim = 768,
    [property: JsonPropertyName("num_hidden_layers")] int Layers = 12,
    [property: JsonPropertyName("num_attention_heads")] int Heads = 12,
    [property: JsonPropertyName("intermediate_size")] int FeedForward = 3072,
    [property: JsonPropertyName("vocab_size")] int VocabSize = 32,
    [property: JsonPropertyName("hidden_act")] string HiddenActivation = "gelu",
    [property: JsonPropertyName("layer_norm_eps")] float LayerNormEpsilon = 1e-5f,
    [property: JsonPropertyName("feat_extract_norm")] string FeatureNorm = "group",
    [property: JsonPropertyName("feat_extract_activation")] string FeatureActivation = "gelu",
    [property: JsonPropertyName("conv_dim")] int[]? ConvDims = null,
    [property: JsonPropertyName("conv_stride")] int[]? ConvStrides = null,
    [property: JsonPropertyName("conv_kernel")] int[]? ConvKernels = null,
    [property: JsonPropertyName("conv_bias")] bool ConvBias = false,
    [property: JsonPropertyName("num_feat_extract_layers")] int? FeatureLayers = null,
    [property: JsonPropertyName("num_conv_pos_embeddings")] int PositionKernel = 128,
    [property: JsonPropertyName("num_conv_pos_embedding_groups")] int PositionGroups = 16,
    [property: JsonPropertyName("do_stable_layer_norm")] bool PreNorm = false,
    [property: JsonPropertyName("feat_proj_layer_norm")] bool ProjectionNorm = true,
    [property: JsonPropertyName("conv_pos_batch_norm")] bool PositionBatchNorm = false,
    [property: JsonPropertyName("add_adapter")] bool AddAdapter = false,
    [property: JsonPropertyName("adapter_attn_dim")] int? AdapterAttentionDim = null,
    [property: JsonPropertyName("pad_token_id")] int Blank = 0,
    [property: JsonPropertyName("ctc_loss_reduction")] string CtcReduction = "sum",
    [property: JsonPropertyName("ctc_zero_infinity")] bool CtcZeroInfinity = false,
    [property: JsonPropertyName("mask_time_prob")] double MaskTimeProb = 0.05,
    [property: JsonPropertyName("mask_feature_prob")] double MaskFeatureProb = 0,
    [property: JsonPropertyName("num_buckets")] int Buckets = 320,
    [property: JsonPropertyName("max_bucket_distance")] int MaxBucketDistance = 800,
    [property: JsonPropertyName("position_embeddings_type")] string? PositionType = "relative",
    [property: JsonPropertyName("rotary_embedding_base")] double RotaryBase = 10_000,
    [property: JsonPropertyName("conv_depthwise_kernel_size")] int DepthwiseKernel = 31) : ICtcRate
{
    /// <summary>Samples per second that every published model of these families takes, in Hz.</summary>
    public const int SampleRate = 16_000;

    /// <summary>Channels of each convolution, the published ones if none are given.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> Channels => ConvDims ?? [512, 512, 512, 512, 512, 512, 512];

    /// <summary>Strides, likewise.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> Strides => ConvStrides ?? [5, 2, 2, 2, 2, 2, 2];

    /// <summary>Kernels, likewise.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> Kernels => ConvKernels ?? [10, 3, 3, 3, 3, 2, 2];

    /// <summary>Samples from one frame to the next.</summary>
    [JsonIgnore]
    public int SamplesPerFrame => Strides.Aggregate(1, (a, b) => checked(a * b));

    /// <summary>Fewest samples that give a frame.</summary>
    [JsonIgnore]
    public int ReceptiveField
    {
        get
        {
            var samples = 1;
            for (var i = Kernels.Count - 1; i >= 0; i--)
            {
                samples = checked(((samples - 1) * Strides[i]) + Kernels[i]);
            }

            return samples;
        }
    }

    /// <summary>Scope of the encoder's names in published checkpoints with a head.</summary>
    [JsonIgnore]
    public string Prefix => ModelType.Replace('-', '_');

    /// <summary>Whether training masks frames, so that there is a learned mask vector.</summary>
    [JsonIgnore]
    public bool HasMaskVector => MaskTimeProb > 0 || MaskFeatureProb > 0;

    /// <summary>Whether the convolutions normalise over all time, so that padding is heard and must not be masked.</summary>
    [JsonIgnore]
    public bool NormalisesOverTime => FeatureNorm == "group";

    /// <summary>Frames that so many samples give.</summary>
    public int FramesOf(int samples)
    {
        for (var i = 0; i < Kernels.Count; i++)
        {
            samples = samples < Kernels[i] ? 0 : ((samples - Kernels[i]) / Strides[i]) + 1;
        }

        return samples;
    }

    /// <summary>Reads a <c>config.json</c>.</summary>
    public static Wav2Vec2Config Parse(JsonElement json)
    {
        Wav2Vec2Config config;
        try
        {
            config = json.Deserialize(Wav2Vec2Json.Default.Wav2Vec2Config) ?? throw new InvalidDataException("speech model config: empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"speech model config: {ConfigError.Why(e)}", e);
        }

        config.Validate();
        return config;
    }

    /// <summary>Throws, naming the key, when the code cannot honour a value.</summary>
    public void Validate()
    {
        Known("model_type", ModelType, "wav2vec2", "hubert", "wavlm", "wav2vec2-conformer");
        Known("feat_extract_norm", FeatureNorm, "group", "layer");
        Known("ctc_loss_reduction", CtcReduction, "sum", "mean");
        if (PositionType is not null)
        {
            Known("position_embeddings_type", PositionType, "relative", "rotary");
        }

        ActivationOf("hidden_act", HiddenActivation);
        ActivationOf("feat_extract_activation", FeatureActivation);
        Sizes();
        Refuse("add_adapter", AddAdapter);
        Refuse("adapter_attn_dim", AdapterAttentionDim is not null);
        Refuse("feat_proj_layer_norm false", !ProjectionNorm && ModelType != "hubert");
        Refuse("conv_pos_batch_norm", PositionBatchNorm && ModelType != "hubert");
    }

    /// <summary>The activation that a configuration names, or an error that names the key.</summary>
    internal static Activation ActivationOf(string key, string name) => name switch
    {
        "gelu" => Activation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" => Activation.GeluTanh,
        "relu" => Activation.Relu,
        "silu" or "swish" => Activation.Silu,
        "tanh" => Activation.Tanh,
        "sigmoid" => Activation.Sigmoid,
        _ => throw new InvalidDataException($"speech model config: {key} \"{name}\" is not supported"),
    };

    private void Sizes()
    {
        (string Name, int Value, int Most)[] sizes =
        [
            ("hidden_size", Dim, 65536), ("num_hidden_layers", Layers, 1024), ("num_attention_heads", Heads, 1024), ("intermediate_size", FeedForward, 1 << 20),
            ("vocab_size", VocabSize, 1 << 24), ("num_conv_pos_embeddings", PositionKernel, 65536), ("num_conv_pos_embedding_groups", PositionGroups, 65536),
            ("num_buckets", Buckets, 1 << 20), ("max_bucket_distance", MaxBucketDistance, 1 << 24), ("conv_depthwise_kernel_size", DepthwiseKernel, 65536),
            ("the number of convolutions", Channels.Count, 64),
            .. Channels.Select(d => ("conv_dim", d, 65536)), .. Strides.Select(s => ("conv_stride", s, 65536)), .. Kernels.Select(k => ("conv_kernel", k, 65536)),
        ];
        foreach (var (name, value, most) in sizes)
        {
            Require(value >= 1 && value <= most, $"{name} is {value}; it must be 1 to {most}");
        }

        Require(Channels.Count == Strides.Count && Channels.Count == Kernels.Count, $"conv_dim, conv_stride and conv_kernel have {Channels.Count}, {Strides.Count} and {Kernels.Count} entries; they must agree");
        Require(FeatureLayers is null || FeatureLayers == Channels.Count, $"num_feat_extract_layers is {FeatureLayers}, but conv_dim has {Channels.Count} entries");
        Require(Strides.Aggregate(1L, (a, b) => Math.Min(a * b, 1L << 40)) <= 1 << 20, "conv_stride: more than 2^20 samples a frame");
        Require(Kernels.Zip(Strides).Reverse().Aggregate(1L, (span, c) => Math.Min(((span - 1) * c.Second) + c.First, 1L << 40)) <= 1 << 24, "conv_kernel: a frame sees more than 2^24 samples");
        Require(Dim % Heads == 0, $"hidden_size {Dim} is not a multiple of num_attention_heads {Heads}");
        Require(Dim % PositionGroups == 0, $"hidden_size {Dim} is not a multiple of num_conv_pos_embedding_groups {PositionGroups}");
        Require(Blank >= 0 && Blank < VocabSize, $"pad_token_id {Blank}, the CTC blank, is outside the vocabulary of {VocabSize}");
        Require(LayerNormEpsilon > 0 && LayerNormEpsilon < 1, $"layer_norm_eps is {LayerNormEpsilon}");
        Require(ModelType != "wavlm" || (Buckets % 4 == 0 && MaxBucketDistance > Buckets / 4), $"num_buckets {Buckets} must be a multiple of 4 and max_bucket_distance {MaxBucketDistance} more than a quarter of it");
        Require(ModelType != "wav2vec2-conformer" || DepthwiseKernel % 2 == 1, $"conv_depthwise_kernel_size is {DepthwiseKernel}; it must be odd");
        Require(ModelType != "wav2vec2-conformer" || PositionType is null || Dim / Heads % 2 == 0, $"{PositionType} positions want an even width per head, not {Dim / Heads}");
        Require(RotaryBase > 1 && double.IsFinite(RotaryBase), $"rotary_embedding_base is {RotaryBase}");
    }

    private static void Known(string key, string value, params ReadOnlySpan<string> known) =>
        Require(known.Contains(value), $"{key} is \"{value}\"; supported are {string.Join(", ", known.ToArray())}");

    private static void Refuse(string what, bool given) => Require(!given, $"{what} is not supported");

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidDataException($"speech model config: {message}");
        }
    }
}

[JsonSerializable(typeof(Wav2Vec2Config))]
[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, MaxDepth = 32)]
internal sealed partial class Wav2Vec2Json : JsonSerializerContext;
