using System.Text.Json.Serialization;

namespace Parley.Models;

/// <summary>A Conformer transducer: RNN-T (Graves 2012), or a token-and-duration transducer (Xu et al. 2023) when there are durations.</summary>
/// <param name="Encoder">Sizes of the encoder.</param>
/// <param name="VocabSize">Symbols without the blank, whose id follows theirs.</param>
/// <param name="PredictorDim">Width of the embedding and of the LSTM (pred_hidden).</param>
/// <param name="PredictorLayers">LSTM layers (pred_rnn_layers).</param>
/// <param name="JointDim">Width of the joint network (joint_hidden).</param>
/// <param name="JointActivation">Its activation.</param>
/// <param name="Durations">Frames that a step may skip, each with a score of its own; null: RNN-T.</param>
/// <param name="Dropout">Training: what is dropped after the LSTM and in the joint network.</param>
public sealed record ConformerTransducerConfig(
    [property: JsonPropertyName("encoder_config")] ConformerConfig Encoder,
    [property: JsonPropertyName("vocab_size")] int VocabSize = 1024,
    [property: JsonPropertyName("pred_hidden")] int PredictorDim = 640,
    [property: JsonPropertyName("pred_rnn_layers")] int PredictorLayers = 1,
    [property: JsonPropertyName("joint_hidden")] int JointDim = 640,
    [property: JsonPropertyName("joint_activation")] string JointActivation = "relu",
    [property: JsonPropertyName("durations")] int[]? Durations = null,
    [property: JsonPropertyName("pred_dropout")] float Dropout = 0.1f)
{
    /// <summary>Id of the blank: the one after the last symbol.</summary>
    [JsonIgnore]
    public int Blank => VocabSize;

    /// <summary>Scores of one step: symbols, the blank, durations.</summary>
    [JsonIgnore]
    public int Outputs => VocabSize + 1 + (Durations?.Length ?? 0);

    /// <summary>Throws, naming the key, when the code cannot honour a value.</summary>
    public void Validate()
    {
        (string Name, int Value, int Most)[] sizes =
        [
            ("vocab_size", VocabSize, 1 << 24), ("pred_hidden", PredictorDim, 65536), ("pred_rnn_layers", PredictorLayers, 64), ("joint_hidden", JointDim, 65536),
        ];
        foreach (var (name, value, most) in sizes)
        {
            ConformerConfig.Require(value >= 1 && value <= most, $"{name} is {value}; it must be 1 to {most}");
        }

        ConformerConfig.Require(Durations is null || (Durations.Length is > 0 and <= 64 && Durations.All(d => d is >= 0 and <= 1024)), "durations must be 1 to 64 numbers of 0 to 1024 frames");
        ConformerConfig.Require(Durations is null || Durations.Any(d => d > 0), "durations must hold one above 0");
        ConformerConfig.Require(Dropout is >= 0 and < 1, $"pred_dropout is {Dropout}; it must be at least 0 and below 1");
        Wav2Vec2Config.ActivationOf("joint activation", JointActivation);
        Encoder.Validate();
    }
}
