using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Models;

/// <summary>Sizes of a Whisper model, with the keys of its <c>config.json</c>; OpenAI's own name of each is in its text.</summary>
/// <param name="MelBins">Mel bands per frame: 80, or 128 from large-v3 (n_mels).</param>
/// <param name="Dim">Width (n_audio_state, n_text_state).</param>
/// <param name="EncoderLayers">Encoder blocks (n_audio_layer).</param>
/// <param name="DecoderLayers">Decoder blocks (n_text_layer).</param>
/// <param name="EncoderHeads">Attention heads in the encoder (n_audio_head).</param>
/// <param name="DecoderHeads">Attention heads in the decoder (n_text_head).</param>
/// <param name="EncoderFeedForward">Inner width of the encoder's feed-forward part.</param>
/// <param name="DecoderFeedForward">Inner width of the decoder's feed-forward part.</param>
/// <param name="AudioPositions">Encoder steps of a full window, 20 ms each (n_audio_ctx).</param>
/// <param name="TextPositions">Most tokens the decoder holds (n_text_ctx).</param>
/// <param name="VocabSize">Tokens (n_vocab).</param>
/// <param name="Activation">Feed-forward activation; only the exact GELU is Whisper.</param>
/// <param name="ScaleEmbedding">Multiply token embeddings by √dim; no published Whisper does.</param>
/// <param name="ModelType">Always "whisper".</param>
/// <param name="MedianFilterWidth">Width of the filter that smooths attention before words are timed, in encoder steps.</param>
public sealed record WhisperConfig(
    [property: JsonPropertyName("num_mel_bins")] int MelBins,
    [property: JsonPropertyName("d_model")] int Dim,
    [property: JsonPropertyName("encoder_layers")] int EncoderLayers,
    [property: JsonPropertyName("decoder_layers")] int DecoderLayers,
    [property: JsonPropertyName("encoder_attention_heads")] int EncoderHeads,
    [property: JsonPropertyName("decoder_attention_heads")] int DecoderHeads,
    [property: JsonPropertyName("encoder_ffn_dim")] int EncoderFeedForward,
    [property: JsonPropertyName("decoder_ffn_dim")] int DecoderFeedForward,
    [property: JsonPropertyName("max_source_positions")] int AudioPositions,
    [property: JsonPropertyName("max_target_positions")] int TextPositions,
    [property: JsonPropertyName("vocab_size")] int VocabSize,
    [property: JsonPropertyName("activation_function")] string Activation = "gelu",
    [property: JsonPropertyName("scale_embedding")] bool ScaleEmbedding = false,
    [property: JsonPropertyName("model_type")] string ModelType = "whisper",
    [property: JsonPropertyName("median_filter_width")] int MedianFilterWidth = 7)
{
    /// <summary>Mel frames of a full window, 10 ms each.</summary>
    [JsonIgnore]
    public int WindowFrames => 2 * AudioPositions;

    /// <summary>Samples of a full window at 16 kHz.</summary>
    [JsonIgnore]
    public int WindowSamples => WindowFrames * 160;

    /// <summary>Reads a <c>config.json</c>.</summary>
    public static WhisperConfig Parse(JsonElement json)
    {
        WhisperConfig config;
        try
        {
            config = json.Deserialize(WhisperJson.Default.WhisperConfig) ?? throw new InvalidDataException("whisper config: empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"whisper config: {ConfigError.Why(e)}", e);
        }

        config.Validate();
        return config;
    }

    /// <summary>Sizes from OpenAI's own <c>dims</c>.</summary>
    public static WhisperConfig FromOpenAi(Func<string, int> dims)
    {
        ArgumentNullException.ThrowIfNull(dims);
        var dim = dims("n_audio_state");
        var config = new WhisperConfig(
            dims("n_mels"), dim, dims("n_audio_layer"), dims("n_text_layer"), dims("n_audio_head"), dims("n_text_head"), 4 * dim, 4 * dim, dims("n_audio_ctx"), dims("n_text_ctx"), dims("n_vocab"));
        config.Validate();
        return config;
    }

    private void Validate()
    {
        (string Name, int Value, int Most)[] sizes =
        [
            ("num_mel_bins", MelBins, 1024), ("d_model", Dim, 65536), ("encoder_layers", EncoderLayers, 1024), ("decoder_layers", DecoderLayers, 1024),
            ("encoder_attention_heads", EncoderHeads, 1024), ("decoder_attention_heads", DecoderHeads, 1024), ("encoder_ffn_dim", EncoderFeedForward, 1 << 20),
            ("decoder_ffn_dim", DecoderFeedForward, 1 << 20), ("max_source_positions", AudioPositions, 1 << 20), ("max_target_positions", TextPositions, 1 << 20), ("vocab_size", VocabSize, 1 << 24),
        ];
        foreach (var (name, value, most) in sizes)
        {
            if (value < 1 || value > most)
            {
                throw new InvalidDataException($"whisper config: {name} is {value}; it must be 1 to {most}");
            }
        }

        if (Dim % EncoderHeads != 0 || Dim % DecoderHeads != 0)
        {
            throw new InvalidDataException($"whisper config: d_model {Dim} is not a multiple of the heads {EncoderHeads} and {DecoderHeads}");
        }

        if (Activation != "gelu")
        {
            throw new InvalidDataException($"whisper config: activation_function is \"{Activation}\"; only \"gelu\" is supported");
        }

        if (ScaleEmbedding)
        {
            throw new InvalidDataException("whisper config: scale_embedding true is not supported");
        }

        if (ModelType != "whisper")
        {
            throw new InvalidDataException($"whisper config: model_type is \"{ModelType}\"");
        }
    }
}

[JsonSerializable(typeof(WhisperConfig))]
[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, MaxDepth = 32)]
internal sealed partial class WhisperJson : JsonSerializerContext;
