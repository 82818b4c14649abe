using System.Text;

namespace Parley.Text;

/// <summary>Streaming text of a vocabulary of characters with single bytes as a last resort.</summary>
/// <remarks>A run of byte tokens is text if it is UTF-8 as a whole, else one U+FFFD for each byte: huggingface/tokenizers
/// tokenizers/src/decoders/byte_fallback.rs. So a run is held back until it ends.</remarks>
internal sealed class ByteFallbackStream(BpeTokenizer tokenizer, TokenDecoding decoding, bool skipSpecial) : StreamingDecoder
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<byte> _run = [];
    private int _strip = decoding.StripLeft;
    private bool _started;

    /// <inheritdoc/>
    public override string Append(int id)
    {
        if (skipSpecial && tokenizer.IsSpecial(id))
        {
            return "";
        }

        var token = tokenizer.BytesOf(id);
        var value = decoding.ByteFallback ? TokenDecoding.FallbackByte(token) : -1;
        if (value >= 0)
        {
            _run.Add((byte)value);
            return "";
        }

        return token.IsEmpty ? "" : Strip(EndRun() + decoding.Text(token));
    }

    /// <inheritdoc/>
    public override string Flush()
    {
        var rest = Strip(EndRun());
        (_strip, _started) = (decoding.StripLeft, false);
        return rest;
    }

    private string EndRun()
    {
        if (_run.Count == 0)
        {
            return "";
        }

        byte[] bytes = [.. _run];
        _run.Clear();
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Strict.GetString(bytes) : new string('\uFFFD', bytes.Length);
    }

    private string Strip(string text)
    {
        var from = 0;
        while (!_started && from < text.Length && _strip > 0 && text[from] == ' ')
        {
            (from, _strip) = (from + 1, _strip - 1);
        }

        _started |= from < text.Length;
        return text[from..];
    }
}
