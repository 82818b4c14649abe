namespace Parley.Decoding;

/// <summary>What a search knows of language beside the model: the score of a reading is ln P + α · ln P_lm + β · words + hotwords.</summary>
/// <remarks>Hannun et al. 2014, "First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs", §3.</remarks>
/// <param name="LanguageModel">Scores words and the end; null: none. Case counts only if the recogniser writes both cases.</param>
/// <param name="LmWeight">α.</param>
/// <param name="WordBonus">β, for each word.</param>
/// <param name="Hotwords">Preferred words and phrases; null: none.</param>
/// <param name="Lexicon">The only words that may be said, hotwords aside; null: any.</param>
/// <param name="UnknownPenalty">
/// Taken from the score for each word that the language model does not know, hotwords aside, as soon as no known word begins so: otherwise a search flees
/// from the language model into words that never end (pyctcdecode's unk_score_offset, kensho-technologies/pyctcdecode:pyctcdecode/language_model.py).
/// </param>
public sealed record FusionOptions(
    NGramModel? LanguageModel = null, double LmWeight = 0.5, double WordBonus = 0, IReadOnlyList<Hotword>? Hotwords = null, IReadOnlyCollection<string>? Lexicon = null,
    double UnknownPenalty = 0)
{
    /// <summary>Throws, naming the setting, when settings are out of range.</summary>
    public void Validate()
    {
        if (!(LmWeight is >= 0 and <= 100))
        {
            throw new ArgumentException($"language model weight {LmWeight}; 0 to 100 are possible");
        }

        if (!(WordBonus is >= -100 and <= 100))
        {
            throw new ArgumentException($"word bonus {WordBonus}; -100 to 100 are possible");
        }

        if (!(UnknownPenalty is >= 0 and <= 1000))
        {
            throw new ArgumentException($"penalty of unknown words {UnknownPenalty}; 0 to 1000 are possible");
        }

        foreach (var hotword in Hotwords ?? [])
        {
            if (string.IsNullOrWhiteSpace(hotword.Text) || !(hotword.Weight is >= -1000 and <= 1000))
            {
                throw new ArgumentException($"hotword \"{hotword.Text}\" with the weight {hotword.Weight}: text is needed, and a weight of -1000 to 1000");
            }
        }

        if (Lexicon is { Count: 0 })
        {
            throw new ArgumentException("the lexicon has no words");
        }
    }
}
