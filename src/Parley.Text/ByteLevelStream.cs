using System.Text;

namespace Parley.Text;

/// <summary>Streaming text of a byte-level vocabulary.</summary>
internal sealed class ByteLevelStream(BpeTokenizer tokenizer, bool skipSpecial) : StreamingDecoder
{
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();

    /// <inheritdoc/>
    public override string Append(int id) =>
        skipSpecial && tokenizer.IsSpecial(id) ? "" : Next(tokenizer.BytesOf(id), flush: false);

    /// <inheritdoc/>
    public override string Flush() => Next([], flush: true);

    private string Next(ReadOnlySpan<byte> bytes, bool flush)
    {
        // At most one character per byte, and what earlier bytes held back.
        var room = bytes.Length + 4;
        Span<char> chars = room <= 256 ? stackalloc char[256] : new char[room];
        return new string(chars[.._utf8.GetChars(bytes, chars, flush)]);
    }
}
