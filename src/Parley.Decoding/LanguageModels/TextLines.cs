using System.IO.Compression;
using System.Text;

namespace Parley.Decoding;

/// <summary>The lines of a UTF-8 text, plain or compressed with gzip, read in pieces of bounded size.</summary>
internal sealed class TextLines : IDisposable
{
    private const int LongestLine = 1 << 20;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Stream _stream;
    private readonly string _where;
    private byte[] _bytes = new byte[1 << 16];
    private char[] _chars = new char[1 << 12];
    private int _start;
    private int _end;
    private bool _isLast;

    private TextLines(Stream stream, string where) => (_stream, _where) = (stream, where);

    /// <summary>Name for errors.</summary>
    public string Where => _where;

    /// <summary>The number of the line read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Bytes taken from the file so far.</summary>
    public long Position => _stream is GZipStream zipped ? zipped.BaseStream.Position : _stream.Position;

    /// <summary>Begins to read; the first two bytes tell gzip from plain text.</summary>
    /// <param name="stream">Closed with the lines.</param>
    /// <param name="where">Name for errors.</param>
    public static TextLines Open(Stream stream, string where)
    {
        var head = new byte[2];
        var read = stream.ReadAtLeast(head, 2, throwOnEndOfStream: false);
        if (stream.CanSeek && head is [0x1f, 0x8b])
        {
            stream.Position -= read;
            return new TextLines(new GZipStream(stream, CompressionMode.Decompress), where);
        }

        if (head is [0x1f, 0x8b])
        {
            throw new InvalidDataException($"{where}: compressed text is read from files only");
        }

        var lines = new TextLines(stream, where);
        head.AsSpan(0, read).CopyTo(lines._bytes);
        lines._end = read;
        return lines;
    }

    /// <summary>The next line without its end, valid until the next call; false when there is none.</summary>
    public bool TryRead(out ReadOnlySpan<char> line)
    {
        line = default;
        var searched = 0;
        int length;
        while ((length = _bytes.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n')) < 0 && !_isLast)
        {
            searched = _end - _start;
            Fill();
        }

        if (length < 0 && _start == _end)
        {
            return false;
        }

        Number++;
        length = length < 0 ? _end - _start : length + searched;
        var bytes = _bytes.AsSpan(_start, length);
        _start = Math.Min(_end, _start + length + 1);
        line = Decode(bytes.EndsWith("\r"u8) ? bytes[..^1] : bytes);
        return true;
    }

    /// <summary>Takes the next word off a line, between white space of any kind; empty when there is none.</summary>
    public static ReadOnlySpan<char> NextWord(ref ReadOnlySpan<char> line)
    {
        line = line.TrimStart();
        var end = 0;
        while (end < line.Length && !char.IsWhiteSpace(line[end]))
        {
            end++;
        }

        var word = line[..end];
        line = line[end..];
        return word;
    }

    /// <summary>What is wrong with the line read last.</summary>
    public InvalidDataException Error(string message) => new($"{_where}:{Number}: {message}");

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private ReadOnlySpan<char> Decode(ReadOnlySpan<byte> bytes)
    {
        if (_chars.Length < bytes.Length)
        {
            _chars = new char[Math.Max(bytes.Length, 2 * _chars.Length)];
        }

        try
        {
            return _chars.AsSpan(0, s_utf8.GetChars(bytes, _chars));
        }
        catch (DecoderFallbackException)
        {
            throw Error("this line is not UTF-8 text");
        }
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _bytes.Length)
        {
            if (_bytes.Length >= LongestLine)
            {
                Number++;
                throw Error($"a line of more than {LongestLine} bytes");
            }

            Array.Resize(ref _bytes, 2 * _bytes.Length);
        }

        try
        {
            var read = _stream.Read(_bytes.AsSpan(_end));
            (_end, _isLast) = (_end + read, read == 0);
        }
        catch (InvalidDataException)
        {
            Number++;
            throw Error("the compressed data are damaged");
        }
    }
}
