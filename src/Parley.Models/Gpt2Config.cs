using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Sizes and choices of a GPT-2, as in its <c>config.json</c>; defaults are those of the smallest one.</summary>
/// <param name="VocabSize">Tokens.</param>
/// <param name="Positions">Longest text, in tokens.</param>
/// <param name="Dim">Width.</param>
/// <param name="Layers">Blocks.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="Inner">Inner width of the feed-forward modules; null: four times the width.</param>
/// <param name="ActivationFunction">Of the feed-forward modules: "gelu_new" (GPT-1 and 2), "gelu" or "relu".</param>
/// <param name="Epsilon">Of the layer norms.</param>
/// <param name="EmbeddingDropout">Training: what is dropped of the embedded tokens.</param>
/// <param name="AttentionDropout">Training: what is dropped of the attention's weights.</param>
/// <param name="ResidualDropout">Training: at the end of each module.</param>
/// <param name="ScaleByLayer">Whether block i's scores are further divided by i + 1.</param>
/// <param name="ModelType">Always "gpt2".</param>
public sealed record Gpt2Config(
    [property: JsonPropertyName("vocab_size")] int VocabSize = 50257,
    [property: JsonPropertyName("n_positions")] int Positions = 1024,
    [property: JsonPropertyName("n_embd")] int Dim = 768,
    [property: JsonPropertyName("n_layer")] int Layers = 12,
    [property: JsonPropertyName("n_head")] int Heads = 12,
    [property: JsonPropertyName("n_inner")] int? Inner = null,
    [property: JsonPropertyName("activation_function")] string ActivationFunction = "gelu_new",
    [property: JsonPropertyName("layer_norm_epsilon")] float Epsilon = 1e-5f,
    [property: JsonPropertyName("embd_pdrop")] float EmbeddingDropout = 0.1f,
    [property: JsonPropertyName("attn_pdrop")] float AttentionDropout = 0.1f,
    [property: JsonPropertyName("resid_pdrop")] float ResidualDropout = 0.1f,
    [property: JsonPropertyName("scale_attn_by_inverse_layer_idx")] bool ScaleByLayer = false,
    [property: JsonPropertyName("model_type")] string ModelType = Gpt2Config.Type)
{
    /// <summary>The family's <c>model_type</c>.</summary>
    public const string Type = "gpt2";

    /// <summary>Inner width of the feed-forward modules.</summary>
    [JsonIgnore]
    public int FeedForward => Inner ?? (4 * Dim);

    /// <summary>The activation of that name.</summary>
    [JsonIgnore]
    public Activation Activation => ActivationFunction switch
    {
        "gelu_new" or "gelu_pytorch_tanh" => Activation.GeluTanh,
        "gelu" => Activation.Gelu,
        "relu" => Activation.Relu,
        _ => throw new InvalidDataException($"gpt2 config: activation_function is \"{ActivationFunction}\"; gelu_new, gelu_pytorch_tanh, gelu and relu are supported"),
    };

    /// <summary>Reads a <c>config.json</c>.</summary>
    public static Gpt2Config Parse(JsonElement json)
    {
        try
        {
            var config = json.Deserialize(Gpt2Json.Default.Gpt2Config) ?? throw new InvalidDataException("gpt2 config: empty");
            config.Validate();
            return config;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"gpt2 config: {ConfigError.Why(e)}", e);
        }
    }

    /// <summary>Throws, naming the key, when the code cannot honour a value.</summary>
    public void Validate()
    {
        (string Name, int Value, int Most)[] sizes =
        [
            ("vocab_size", VocabSize, 1 << 24), ("n_positions", Positions, 1 << 24), ("n_embd", Dim, 65536), ("n_layer", Layers, 1024), ("n_head", Heads, 1024), ("n_inner", Inner ?? 1, 1 << 20),
        ];
        foreach (var (name, value, most) in sizes)
        {
            Require(value >= 1 && value <= most, $"{name} is {value}; it must be 1 to {most}");
        }

        Require(ModelType == Type, $"model_type is \"{ModelType}\"; it must be \"{Type}\"");
        Require(Dim % Heads == 0, $"n_embd {Dim} is not a multiple of n_head {Heads}");
        Require(float.IsFinite(Epsilon) && Epsilon > 0, $"layer_norm_epsilon is {Epsilon}; it must be above 0");
        foreach (var (name, value) in new[] { ("embd_pdrop", EmbeddingDropout), ("attn_pdrop", AttentionDropout), ("resid_pdrop", ResidualDropout) })
        {
            Require(value is >= 0 and < 1, $"{name} is {value}; it must be at least 0 and below 1");
        }

        _ = Activation;
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidDataException($"gpt2 config: {message}");
        }
    }
}

[JsonSerializable(typeof(Gpt2Config))]
[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, MaxDepth = 32)]
internal sealed partial class Gpt2Json : JsonSerializerContext;
