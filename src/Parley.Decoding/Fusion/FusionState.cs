namespace Parley.Decoding;

/// <summary>Where a reading stands in what a search knows of language.</summary>
/// <param name="Lm">State of the language model after the words that have ended.</param>
/// <param name="Letters">Node of the open word's letters, or one of <see cref="WordTrie"/>'s two others.</param>
/// <param name="Hot">State of the hotwords.</param>
internal readonly record struct FusionState(int Lm, int Letters, int Hot);
