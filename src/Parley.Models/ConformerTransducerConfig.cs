using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Models;

/// <summary>A Conformer transducer: RNN-T (Graves 2012), or a token-and-duration transducer (Xu et al. 2023) when there are durations.</summary>
/// <remarks>Keys of the <c>config.json</c> of Hugging Face's Parakeet (huggingface/transformers:models/parakeet/configuration_parakeet.py); NeMo's are in brackets.</remarks>
/// <param name="Encoder">Sizes of the encoder.</param>
/// <param name="VocabSize">Symbols with the blank.</param>
/// <param name="Blank">Id of the blank; its embedding stands before the first symbol.</param>
/// <param name="PredictorDim">Width of the embedding and of the LSTM (pred_hidden).</param>
/// <param name="PredictorLayers">LSTM layers (pred_rnn_layers).</param>
/// <param name="JointSize">Width of the joint network (joint_hidden); null: that of the LSTM, as always in Hugging Face's.</param>
/// <param name="JointActivation">Its activation.</param>
/// <param name="Durations">Frames that a step may skip, each with a score of its own; null: RNN-T.</param>
/// <param name="MaxSymbols">Greedy decoding: most symbols in one frame.</param>
/// <param name="Dropout">Training: what is dropped after the LSTM and in the joint network.</param>
/// <param name="Prompts">Prompts of multilingual checkpoints, which are not supported.</param>
/// <param name="ModelType">"parakeet_rnnt", or with durations "parakeet_tdt".</param>
public sealed record ConformerTransducerConfig(
    [property: JsonPropertyName("encoder_config")] ConformerConfig Encoder,
    [property: JsonPropertyName("vocab_size")] int VocabSize = 8193,
    [property: JsonPropertyName("blank_token_id")] int Blank = 8192,
    [property: JsonPropertyName("decoder_hidden_size")] int PredictorDim = 640,
    [property: JsonPropertyName("num_decoder_layers")] int PredictorLayers = 2,
    [property: JsonPropertyName("joint_hidden_size")] int? JointSize = null,
    [property: JsonPropertyName("hidden_act")] string JointActivation = "relu",
    [property: JsonPropertyName("durations")] int[]? Durations = null,
    [property: JsonPropertyName("max_symbols_per_step")] int MaxSymbols = 10,
    [property: JsonPropertyName("decoder_dropout")] float Dropout = 0,
    [property: JsonPropertyName("num_prompts")] int Prompts = 0,
    [property: JsonPropertyName("model_type")] string ModelType = ConformerTransducerConfig.Rnnt)
{
    /// <summary>The <c>model_type</c> of an RNN-T.</summary>
    internal const string Rnnt = "parakeet_rnnt";

    /// <summary>The <c>model_type</c> of a token-and-duration transducer.</summary>
    internal const string Tdt = "parakeet_tdt";

    /// <summary>Width of the joint network.</summary>
    [JsonIgnore]
    public int JointDim => JointSize ?? PredictorDim;

    /// <summary>Scores of one step: symbols with the blank, then durations.</summary>
    [JsonIgnore]
    public int Outputs => VocabSize + (Durations?.Length ?? 0);

    /// <summary>Reads a <c>config.json</c>.</summary>
    public static ConformerTransducerConfig Parse(JsonElement json)
    {
        try
        {
            var config = json.Deserialize(ConformerJson.Default.ConformerTransducerConfig) ?? throw new InvalidDataException("conformer config: empty");
            config = config.ModelType == Tdt ? config with { Durations = config.Durations ?? [0, 1, 2, 3, 4] } : config;
            config.Validate();
            return config;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"conformer config: {ConfigError.Why(e)}", e);
        }
    }

    /// <summary>Throws, naming the key, when the code cannot honour a value.</summary>
    public void Validate()
    {
        (string Name, int Value, int Most)[] sizes =
        [
            ("vocab_size", VocabSize, 1 << 24), ("decoder_hidden_size", PredictorDim, 65536), ("num_decoder_layers", PredictorLayers, 64), ("joint_hidden_size", JointDim, 65536),
            ("max_symbols_per_step", MaxSymbols, 1 << 16),
        ];
        foreach (var (name, value, most) in sizes)
        {
            ConformerConfig.Require(value >= 1 && value <= most, $"{name} is {value}; it must be 1 to {most}");
        }

        ConformerConfig.Known("model_type", ModelType, Rnnt, Tdt);
        ConformerConfig.Require(Blank >= 0 && Blank < VocabSize, $"blank_token_id {Blank} is outside the vocabulary of {VocabSize}");
        ConformerConfig.Require(Durations is null == (ModelType == Rnnt), $"durations belong to model_type {Tdt}, which this is {(Durations is null ? "" : "not ")}");
        ConformerConfig.Require(Durations is null || (Durations.Length is > 0 and <= 64 && Durations.All(d => d is >= 0 and <= 1024)), "durations must be 1 to 64 numbers of 0 to 1024 frames");
        ConformerConfig.Require(Durations is null || Durations.Any(d => d > 0), "durations must hold one above 0");
        ConformerConfig.Require(Dropout is >= 0 and < 1, $"decoder_dropout is {Dropout}; it must be at least 0 and below 1");
        ConformerConfig.Require(Prompts == 0, "num_prompts: prompts are not supported");
        Wav2Vec2Config.ActivationOf("hidden_act", JointActivation);
        Encoder.Validate();
    }
}
