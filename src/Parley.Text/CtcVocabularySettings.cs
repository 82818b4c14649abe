namespace Parley.Text;

/// <summary>The characters of a CTC vocabulary that mean something else, as wav2vec 2.0's tokenizer has them unless its files say otherwise.</summary>
/// <param name="Delimiter">Stands between words.</param>
/// <param name="Pad">Padding, which is the CTC blank.</param>
/// <param name="Unknown">Stands for every character that is not in the vocabulary.</param>
/// <param name="Begin">Begins a sequence.</param>
/// <param name="End">Ends a sequence.</param>
/// <param name="LowerCase">Whether text is written in lower case.</param>
public sealed record CtcVocabularySettings(
    string Delimiter = "|", string Pad = "<pad>", string Unknown = "<unk>", string Begin = "<s>", string End = "</s>", bool LowerCase = false);
