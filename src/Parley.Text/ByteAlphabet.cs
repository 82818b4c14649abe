using System.Text;

namespace Parley.Text;

/// <summary>The printable stand-ins that byte-level vocabularies write for the 256 bytes.</summary>
/// <remarks>Printable Latin-1 bytes stand for themselves, the other 68 take U+0100 onwards in order: openai/gpt-2 src/encoder.py, bytes_to_unicode.</remarks>
internal static class ByteAlphabet
{
    private static readonly char[] Chars = BuildChars();
    private static readonly short[] Bytes = BuildBytes();

    /// <summary>The stand-in for a byte.</summary>
    public static char ToChar(byte value) => Chars[value];

    /// <summary>The byte a character stands for, or -1.</summary>
    public static int ToByte(int character) => (uint)character < (uint)Bytes.Length ? Bytes[character] : -1;

    /// <summary>Turns UTF-8 text of stand-ins into the bytes meant; returns how many, or -1 if a character stands for nothing.</summary>
    public static int Unmap(ReadOnlySpan<byte> utf8, Span<byte> destination)
    {
        var count = 0;
        while (!utf8.IsEmpty)
        {
            Rune.DecodeFromUtf8(utf8, out var rune, out var used);
            var value = ToByte(rune.Value);
            if (value < 0)
            {
                return -1;
            }

            destination[count++] = (byte)value;
            utf8 = utf8[used..];
        }

        return count;
    }

    private static char[] BuildChars()
    {
        var chars = new char[256];
        var next = 256;
        for (var value = 0; value < 256; value++)
        {
            var printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            chars[value] = (char)(printable ? value : next++);
        }

        return chars;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[0x144];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++)
        {
            bytes[Chars[value]] = (short)value;
        }

        return bytes;
    }
}
