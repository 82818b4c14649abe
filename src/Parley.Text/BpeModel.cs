namespace Parley.Text;

/// <summary>Everything a byte-pair tokenizer is made of.</summary>
/// <param name="Where">The file, for messages.</param>
/// <param name="Tokens">Bytes of every token of the vocabulary.</param>
/// <param name="Merges">Reads the merges; called once, at the first encoding.</param>
/// <param name="Added">Tokens matched before merging.</param>
/// <param name="PreTokenizer">Cuts text into words.</param>
/// <param name="Decoding">How tokens become text.</param>
internal sealed record BpeModel(
    string Where, TokenBytes Tokens, Func<BpeMerges> Merges, AddedTokenSet Added, PreTokenizer PreTokenizer, TokenDecoding Decoding)
{
    /// <summary>What happens to text before words are cut, if anything.</summary>
    public TextRewrite? Normalizer { get; init; }

    /// <summary>Id for what the vocabulary cannot spell.</summary>
    public int? Unknown { get; init; }

    /// <summary>Whether neighbouring unknown characters become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether a character without a token is spelt by byte tokens.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether a word that is a token is taken whole.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Whether a space is put in front of the whole text, as Python's GPT-2 tokenizer does with add_prefix_space.</summary>
    public bool PrefixWholeText { get; init; }
}
