using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Models;

/// <summary>Sizes and choices of a SpeedStream, as in its <c>config.json</c>. A mel frame has 10 ms, a step of the encoder four of them.</summary>
/// <param name="VocabSize">Symbols of the head, the blank among them.</param>
/// <param name="Blank">Id of the blank.</param>
/// <param name="Dim">Width.</param>
/// <param name="Layers">Blocks.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="FeedForward">Inner width of the feed-forward modules.</param>
/// <param name="ConvKernel">Taps of the depthwise convolutions.</param>
/// <param name="MelBins">Mel bands of a frame.</param>
/// <param name="StemKernel">Taps of the two strided convolutions of the stem.</param>
/// <param name="Window">Steps that attention sees, its own the last of them.</param>
/// <param name="StridedKeys">Further steps that it sees beyond the window.</param>
/// <param name="KeyStride">From one of those to the next.</param>
/// <param name="ChunkFrames">Mel frames that are heard at once in a stream.</param>
/// <param name="ConvNorm">Norm after the depthwise convolution: "layer_norm", or "batch_norm", which learns faster and is as much a fixed scale and shift in a stream.</param>
/// <param name="Dropout">Training: what is dropped at the end of each module and inside the feed-forward modules.</param>
/// <param name="FeatureMean">Mean of each band's log-mel features over the training data; null: -8 for all.</param>
/// <param name="FeatureDeviation">Their standard deviation; null: 4 for all.</param>
/// <param name="ModelType">Always "speedstream".</param>
public sealed record SpeedStreamConfig(
    [property: JsonPropertyName("vocab_size")] int VocabSize = 1025,
    [property: JsonPropertyName("pad_token_id")] int Blank = 1024,
    [property: JsonPropertyName("hidden_size")] int Dim = 256,
    [property: JsonPropertyName("num_hidden_layers")] int Layers = 6,
    [property: JsonPropertyName("num_attention_heads")] int Heads = 4,
    [property: JsonPropertyName("intermediate_size")] int FeedForward = 1024,
    [property: JsonPropertyName("conv_kernel_size")] int ConvKernel = 9,
    [property: JsonPropertyName("num_mel_bins")] int MelBins = 80,
    [property: JsonPropertyName("stem_kernel_size")] int StemKernel = 5,
    [property: JsonPropertyName("attention_window")] int Window = 48,
    [property: JsonPropertyName("attention_strided_keys")] int StridedKeys = 0,
    [property: JsonPropertyName("attention_key_stride")] int KeyStride = 8,
    [property: JsonPropertyName("chunk_frames")] int ChunkFrames = 8,
    [property: JsonPropertyName("conv_norm_type")] string ConvNorm = "layer_norm",
    [property: JsonPropertyName("dropout")] float Dropout = 0.1f,
    [property: JsonPropertyName("feature_mean")] IReadOnlyList<float>? FeatureMean = null,
    [property: JsonPropertyName("feature_deviation")] IReadOnlyList<float>? FeatureDeviation = null,
    [property: JsonPropertyName("model_type")] string ModelType = SpeedStreamConfig.Type)
{
    /// <summary>The family's <c>model_type</c>.</summary>
    public const string Type = "speedstream";

    /// <summary>Mel frames for one step of the encoder.</summary>
    public const int Subsampling = 4;

    /// <summary>Steps back to the farthest that attention sees, its own counted.</summary>
    [JsonIgnore]
    public int Reach => Window + (StridedKeys * KeyStride);

    /// <summary>Steps that attention sees.</summary>
    [JsonIgnore]
    public int Keys => Window + StridedKeys;

    /// <summary>Mean of each band.</summary>
    [JsonIgnore]
    public IReadOnlyList<float> Means => FeatureMean ?? [.. Enumerable.Repeat(-8f, MelBins)];

    /// <summary>Deviation of each band.</summary>
    [JsonIgnore]
    public IReadOnlyList<float> Deviations => FeatureDeviation ?? [.. Enumerable.Repeat(4f, MelBins)];

    /// <summary>Steps of the encoder for so many mel frames.</summary>
    public static int StepsOf(int frames) => frames / Subsampling;

    /// <summary>Reads a <c>config.json</c>.</summary>
    public static SpeedStreamConfig Parse(JsonElement json)
    {
        try
        {
            var config = json.Deserialize(SpeedStreamJson.Default.SpeedStreamConfig) ?? throw new InvalidDataException("speedstream config: empty");
            config.Validate();
            return config;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"speedstream config: {ConfigError.Why(e)}", e);
        }
    }

    /// <summary>Throws, naming the key, when the code cannot honour a value.</summary>
    public void Validate()
    {
        (string Name, int Value, int Least, int Most)[] sizes =
        [
            ("vocab_size", VocabSize, 1, 1 << 24), ("hidden_size", Dim, 1, 65536), ("num_hidden_layers", Layers, 1, 1024), ("num_attention_heads", Heads, 1, 1024),
            ("intermediate_size", FeedForward, 1, 1 << 20), ("conv_kernel_size", ConvKernel, 1, 1024), ("num_mel_bins", MelBins, 1, 1024), ("stem_kernel_size", StemKernel, 2, 64),
            ("attention_window", Window, 1, 4096), ("attention_strided_keys", StridedKeys, 0, 4096), ("attention_key_stride", KeyStride, 1, 4096), ("chunk_frames", ChunkFrames, 4, 4096),
        ];
        foreach (var (name, value, least, most) in sizes)
        {
            Require(value >= least && value <= most, $"{name} is {value}; it must be {least} to {most}");
        }

        Require(ModelType == Type, $"model_type is \"{ModelType}\"; it must be \"{Type}\"");
        Require(ConvNorm is "layer_norm" or "batch_norm", $"conv_norm_type is \"{ConvNorm}\"; layer_norm and batch_norm are supported");
        Require(Blank >= 0 && Blank < VocabSize, $"pad_token_id {Blank}, the CTC blank, is outside the vocabulary of {VocabSize}");
        Require(Dim % Heads == 0, $"hidden_size {Dim} is not a multiple of num_attention_heads {Heads}");
        Require(ChunkFrames % Subsampling == 0, $"chunk_frames {ChunkFrames} is not a multiple of {Subsampling}, a step of the encoder");
        Require((long)Window + ((long)StridedKeys * KeyStride) <= 65536, $"attention reaches back {(long)Window + ((long)StridedKeys * KeyStride)} steps; at most 65536 are possible");
        Require(Dropout is >= 0 and < 1, $"dropout is {Dropout}; it must be at least 0 and below 1");
        Require(Means.Count == MelBins && Means.All(float.IsFinite), $"feature_mean must be {MelBins} numbers, one for each of num_mel_bins");
        Require(Deviations.Count == MelBins && Deviations.All(d => float.IsFinite(d) && d > 0), $"feature_deviation must be {MelBins} numbers above 0, one for each of num_mel_bins");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidDataException($"speedstream config: {message}");
        }
    }
}

[JsonSerializable(typeof(SpeedStreamConfig))]
[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, MaxDepth = 32)]
internal sealed partial class SpeedStreamJson : JsonSerializerContext;
