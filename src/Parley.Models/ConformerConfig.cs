using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Models;

/// <summary>Sizes and choices of a Conformer encoder, with the keys of Hugging Face's <c>encoder_config</c>; NeMo's names are in the texts.</summary>
/// <param name="Dim">Width (d_model).</param>
/// <param name="Layers">Conformer blocks (n_layers).</param>
/// <param name="Heads">Attention heads (n_heads).</param>
/// <param name="FeedForward">Inner width of the feed-forward modules.</param>
/// <param name="HiddenActivation">Activation of the feed-forward and convolution modules: swish in the paper.</param>
/// <param name="Bias">Whether the linear layers of the blocks have biases (use_bias).</param>
/// <param name="ConvolutionBias">Whether the convolutions of the blocks have biases.</param>
/// <param name="ConvKernel">Taps of the depthwise convolution (conv_kernel_size).</param>
/// <param name="MelBins">Mel bands of a frame (feat_in).</param>
/// <param name="SubsamplingFactor">Mel frames for one step of the encoder, a power of the stride; 1: no subsampling, the input has the model's width.</param>
/// <param name="SubsamplingChannels">Channels of the subsampling convolutions.</param>
/// <param name="SubsamplingKernel">Taps of theirs in time and in frequency.</param>
/// <param name="SubsamplingStride">Stride of theirs in time and in frequency.</param>
/// <param name="Dropout">Training: what is dropped at the end of each module.</param>
/// <param name="ActivationDropout">Training: what is dropped inside the feed-forward modules.</param>
/// <param name="AttentionDropout">Training: attention weights dropped.</param>
/// <param name="PositionDropout">Training: what is dropped of the sinusoids.</param>
/// <param name="ScaleInput">Multiply by √dim after subsampling (xscaling).</param>
/// <param name="Subsampling">"striding": plain 2-D convolutions as in the paper; "dw_striding": depthwise ones after the first, as in FastConformer.</param>
/// <param name="Positions">"rel_pos": relative positions; "none": no positions at all, as in torchaudio (self_attention_model).</param>
/// <param name="ConvNorm">Norm after the depthwise convolution: "batch_norm", "layer_norm" or "group_norm1" (conv_norm_type).</param>
/// <param name="ConvolutionFirst">Convolution module before the attention module, which is an option of torchaudio.</param>
/// <param name="MaskConvolution">Silence padded frames before the depthwise convolution; torchaudio does not, so that padding is heard there.</param>
public sealed record ConformerConfig(
    [property: JsonPropertyName("hidden_size")] int Dim = 1024,
    [property: JsonPropertyName("num_hidden_layers")] int Layers = 24,
    [property: JsonPropertyName("num_attention_heads")] int Heads = 8,
    [property: JsonPropertyName("intermediate_size")] int FeedForward = 4096,
    [property: JsonPropertyName("hidden_act")] string HiddenActivation = "silu",
    [property: JsonPropertyName("attention_bias")] bool Bias = true,
    [property: JsonPropertyName("convolution_bias")] bool ConvolutionBias = true,
    [property: JsonPropertyName("conv_kernel_size")] int ConvKernel = 9,
    [property: JsonPropertyName("num_mel_bins")] int MelBins = 80,
    [property: JsonPropertyName("subsampling_factor")] int SubsamplingFactor = 8,
    [property: JsonPropertyName("subsampling_conv_channels")] int SubsamplingChannels = 256,
    [property: JsonPropertyName("subsampling_conv_kernel_size")] int SubsamplingKernel = 3,
    [property: JsonPropertyName("subsampling_conv_stride")] int SubsamplingStride = 2,
    [property: JsonPropertyName("dropout")] float Dropout = 0.1f,
    [property: JsonPropertyName("activation_dropout")] float ActivationDropout = 0.1f,
    [property: JsonPropertyName("attention_dropout")] float AttentionDropout = 0.1f,
    [property: JsonPropertyName("dropout_positions")] float PositionDropout = 0,
    [property: JsonPropertyName("scale_input")] bool ScaleInput = true,
    [property: JsonPropertyName("subsampling")] string Subsampling = "dw_striding",
    [property: JsonPropertyName("self_attention_model")] string Positions = "rel_pos",
    [property: JsonPropertyName("conv_norm_type")] string ConvNorm = "batch_norm",
    [property: JsonPropertyName("convolution_first")] bool ConvolutionFirst = false,
    [property: JsonPropertyName("mask_convolution")] bool MaskConvolution = true)
{
    /// <summary>Strided convolutions one after another.</summary>
    [JsonIgnore]
    public int Stages => SubsamplingFactor == 1 ? 0 : (int)Math.Round(Math.Log(SubsamplingFactor, SubsamplingStride));

    /// <summary>Zeros on both sides of what a strided convolution reads.</summary>
    [JsonIgnore]
    public int SubsamplingPadding => (SubsamplingKernel - 1) / 2;

    /// <summary>Frequencies left after the subsampling.</summary>
    [JsonIgnore]
    public int SubsampledBins => FramesOf(MelBins);

    /// <summary>Steps of the encoder that so many mel frames give.</summary>
    public int FramesOf(int frames)
    {
        for (var i = 0; i < Stages; i++)
        {
            frames = After(frames);
        }

        return frames;
    }

    /// <summary>What one strided convolution makes of so many frames: ⌊(n + 2 padding − kernel) / stride⌋ + 1.</summary>
    internal int After(int frames) => frames + (2 * SubsamplingPadding) < SubsamplingKernel || frames == 0 ? 0 : ((frames + (2 * SubsamplingPadding) - SubsamplingKernel) / SubsamplingStride) + 1;

    /// <summary>Throws, naming the key, when the code cannot honour a value.</summary>
    public void Validate()
    {
        (string Name, int Value, int Most)[] sizes =
        [
            ("hidden_size", Dim, 65536), ("num_hidden_layers", Layers, 1024), ("num_attention_heads", Heads, 1024), ("intermediate_size", FeedForward, 1 << 20),
            ("conv_kernel_size", ConvKernel, 65536), ("num_mel_bins", MelBins, 1024), ("subsampling_factor", SubsamplingFactor, 1 << 10),
            ("subsampling_conv_channels", SubsamplingChannels, 65536), ("subsampling_conv_kernel_size", SubsamplingKernel, 64), ("subsampling_conv_stride", SubsamplingStride, 64),
        ];
        foreach (var (name, value, most) in sizes)
        {
            Require(value >= 1 && value <= most, $"{name} is {value}; it must be 1 to {most}");
        }

        foreach (var (name, p) in (ReadOnlySpan<(string, float)>)[("dropout", Dropout), ("activation_dropout", ActivationDropout), ("attention_dropout", AttentionDropout), ("dropout_positions", PositionDropout)])
        {
            Require(p is >= 0 and < 1, $"{name} is {p}; it must be at least 0 and below 1");
        }

        Known("subsampling", Subsampling, "striding", "dw_striding");
        Known("self_attention_model", Positions, "rel_pos", "none");
        Known("conv_norm_type", ConvNorm, "batch_norm", "layer_norm", "group_norm1");
        Wav2Vec2Config.ActivationOf("hidden_act", HiddenActivation);
        Require(Dim % Heads == 0, $"hidden_size {Dim} is not a multiple of num_attention_heads {Heads}");
        Require(Positions == "none" || Dim % 2 == 0, $"hidden_size {Dim} must be even for relative positions");
        Require(SubsamplingFactor == 1 || (SubsamplingStride > 1 && Math.Pow(SubsamplingStride, Stages) == SubsamplingFactor), $"subsampling_factor {SubsamplingFactor} is no power of the stride {SubsamplingStride}");
        Require(SubsampledBins > 0, $"num_mel_bins {MelBins} are too few for a subsampling of {SubsamplingFactor}");
    }

    internal static void Known(string key, string value, params ReadOnlySpan<string> known) =>
        Require(known.Contains(value), $"{key} is \"{value}\"; supported are {string.Join(", ", known.ToArray())}");

    internal static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidDataException($"conformer config: {message}");
        }
    }
}

[JsonSerializable(typeof(ConformerConfig))]
[JsonSerializable(typeof(ConformerCtcConfig))]
[JsonSerializable(typeof(ConformerTransducerConfig))]
[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, MaxDepth = 32)]
internal sealed partial class ConformerJson : JsonSerializerContext;
