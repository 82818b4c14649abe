namespace Parley.Text;

/// <summary>Text to token ids and back, whatever the model behind it (byte-level BPE, byte-fallback BPE, WordPiece, Unigram).</summary>
/// <remarks>Implementations are immutable to the caller and safe to share between threads.</remarks>
public interface ITokenizer
{
    /// <summary>One more than the highest id.</summary>
    int VocabSize { get; }

    /// <summary>Ids of a text; special tokens written out in the text are recognised or not as <paramref name="special"/> says.</summary>
    IReadOnlyList<int> Encode(string text, SpecialTokens special = SpecialTokens.Recognise);

    /// <summary>Text of some ids; bytes that are no UTF-8 become U+FFFD, ids outside the vocabulary are an <see cref="ArgumentException"/>.</summary>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false);

    /// <summary>A decoder that takes ids one by one and never gives out part of a character.</summary>
    StreamingDecoder Stream(bool skipSpecial = false);

    /// <summary>The id whose token is exactly this text, special tokens included, or null.</summary>
    int? Find(string token);

    /// <summary>Whether this id is a special token (control token, language, timestamp).</summary>
    bool IsSpecial(int id);
}
