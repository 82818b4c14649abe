using System.Text;

namespace Parley.Text;

/// <summary>How the tokens of a vocabulary become text.</summary>
/// <param name="ByteLevel">Whether tokens are bytes rather than characters.</param>
/// <param name="ByteFallback">Whether tokens written &lt;0x41&gt; are bytes.</param>
/// <param name="Replacements">Text replaced inside each token, in order.</param>
/// <param name="StripLeft">Spaces removed at the front of the whole text.</param>
internal sealed record TokenDecoding(
    bool ByteLevel, bool ByteFallback, IReadOnlyList<(string From, string To)> Replacements, int StripLeft)
{
    /// <summary>Tokens are bytes and nothing else happens.</summary>
    public static TokenDecoding Bytes { get; } = new(ByteLevel: true, ByteFallback: false, Replacements: [], StripLeft: 0);

    /// <summary>The byte that a token such as &lt;0x41&gt; stands for, or -1.</summary>
    public static int FallbackByte(ReadOnlySpan<byte> token) =>
        token.Length == 6 && token.StartsWith("<0x"u8) && token[5] == '>'
        && byte.TryParse(token[3..5], System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value) ? value : -1;

    /// <summary>Text of one token of characters.</summary>
    public string Text(ReadOnlySpan<byte> token)
    {
        var text = Encoding.UTF8.GetString(token);
        foreach (var (from, to) in Replacements)
        {
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return text;
    }
}
