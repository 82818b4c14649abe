using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Models;

/// <summary>A Conformer with a CTC head, with the keys of the <c>config.json</c> of Hugging Face's Parakeet.</summary>
/// <param name="Encoder">Sizes of the encoder.</param>
/// <param name="VocabSize">Symbols of the head, the blank among them.</param>
/// <param name="Blank">Id of the blank.</param>
/// <param name="CtcReduction">How the training loss folds a batch: "sum" or "mean".</param>
/// <param name="CtcZeroInfinity">Count impossible utterances as a loss of 0.</param>
/// <param name="ModelType">Always "parakeet_ctc".</param>
public sealed record ConformerCtcConfig(
    [property: JsonPropertyName("encoder_config")] ConformerConfig Encoder,
    [property: JsonPropertyName("vocab_size")] int VocabSize = 1025,
    [property: JsonPropertyName("pad_token_id")] int Blank = 1024,
    [property: JsonPropertyName("ctc_loss_reduction")] string CtcReduction = "mean",
    [property: JsonPropertyName("ctc_zero_infinity")] bool CtcZeroInfinity = true,
    [property: JsonPropertyName("model_type")] string ModelType = "parakeet_ctc")
{
    /// <summary>Reads a <c>config.json</c>.</summary>
    public static ConformerCtcConfig Parse(JsonElement json)
    {
        try
        {
            var config = json.Deserialize(ConformerJson.Default.ConformerCtcConfig) ?? throw new InvalidDataException("conformer config: empty");
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
        ConformerConfig.Known("model_type", ModelType, "parakeet_ctc");
        ConformerConfig.Known("ctc_loss_reduction", CtcReduction, "sum", "mean");
        ConformerConfig.Require(VocabSize is >= 1 and <= 1 << 24, $"vocab_size is {VocabSize}; it must be 1 to {1 << 24}");
        ConformerConfig.Require(Blank >= 0 && Blank < VocabSize, $"pad_token_id {Blank}, the CTC blank, is outside the vocabulary of {VocabSize}");
        Encoder.Validate();
    }
}
