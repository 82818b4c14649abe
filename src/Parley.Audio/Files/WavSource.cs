using System.Buffers.Binary;

namespace Parley.Audio;

/// <summary>RIFF, RF64 and BW64 waves, as real recorders write them.</summary>
/// <remarks>A data chunk that claims 0, 0xFFFFFFFF or more than the file holds is read to the end of the file: recorders that stream or crash leave such sizes.</remarks>
internal sealed class WavSource : SampleSource
{
    private readonly ForwardStream _stream;
    private readonly WavEncoding _encoding;
    private readonly int _width;
    private readonly byte[] _block;
    private long _left;

    private WavSource(ForwardStream stream, WavFormat format, long dataBytes)
        : base(format.SampleRate, format.Channels)
    {
        (_stream, _encoding, _width) = (stream, format.Encoding, format.BytesPerSample);
        var frame = _width * Channels;
        _block = new byte[Math.Max(1, 32768 / frame) * frame];
        _left = dataBytes / frame * frame;
    }

    public override long FramesHint => (Math.Min(_left, _stream.Remaining ?? 0)) / (_width * Channels);

    public static bool Matches(ReadOnlySpan<byte> head) =>
        head.Length >= 12 && (head.StartsWith("RIFF"u8) || head.StartsWith("RF64"u8) || head.StartsWith("BW64"u8)) && head[8..12].SequenceEqual("WAVE"u8);

    /// <summary>Reads the header; null when the coding of the samples is not one that is decoded here.</summary>
    public static WavSource? Open(ForwardStream stream, out string why)
    {
        var name = stream.Name;
        stream.Skip(12);
        WavFormat? format = null;
        long longData = -1;
        why = "";
        Span<byte> head = stackalloc byte[8];
        Span<byte> body = stackalloc byte[40];
        while (stream.Read(head) == 8)
        {
            var size = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
            if (head[..4].SequenceEqual("data"u8))
            {
                var known = format ?? throw new InvalidDataException($"{name}: the wave has a data chunk but no fmt chunk before it; the header is damaged");
                long bytes = size;
                if (size is 0 or 0xFFFFFFFF or 0x80000000 or 0x7FFFFFFF)
                {
                    // 0xFFFFFFFF with ds64 has its size there; otherwise the writer never came back to fill it in.
                    bytes = size == 0xFFFFFFFF && longData > 0 ? longData : IsEmptyData(stream, size) ? 0 : long.MaxValue;
                }

                return new WavSource(stream, known, bytes);
            }

            var take = 0;
            if (head[..4].SequenceEqual("fmt "u8))
            {
                take = (int)Math.Min(size, (uint)body.Length);
                if (stream.Read(body[..take]) < take)
                {
                    break;
                }

                format = WavFormat.Parse(body[..take], name, out why);
                if (format is null)
                {
                    return null;
                }

                CheckFormat(name, format.Value.SampleRate, format.Value.Channels);
            }
            else if (head[..4].SequenceEqual("ds64"u8) && size >= 24)
            {
                take = 24;
                if (stream.Read(body[..24]) < 24)
                {
                    break;
                }

                longData = BinaryPrimitives.ReadInt64LittleEndian(body[8..]);
            }

            if (!stream.Skip(size - take) || !SkipPadding(stream, size))
            {
                break;
            }
        }

        throw new InvalidDataException(format is null
            ? $"{name}: the wave ends before its fmt chunk; the file is truncated or damaged"
            : $"{name}: the wave has no data chunk; the file is truncated or damaged");
    }

    public override int Read(Span<float> interleaved)
    {
        var frame = _width * Channels;
        var frames = (int)Math.Min(Math.Min(_block.Length / frame, interleaved.Length / Channels), _left / frame);
        if (frames == 0)
        {
            return 0;
        }

        // A last frame that was cut off is dropped.
        var bytes = _stream.Read(_block.AsSpan(0, frames * frame)) / frame * frame;
        _left = bytes < frames * frame ? 0 : _left - bytes;
        Replaced += SampleCoding.Decode(_encoding, _width, _block.AsSpan(0, bytes), interleaved);
        return bytes / _width;
    }

    public override void Dispose()
    {
        _stream.Dispose();
        base.Dispose();
    }

    // A chunk of odd size is followed by a pad byte that some writers forget: what comes next must look like a chunk name.
    private static bool SkipPadding(ForwardStream stream, uint size)
    {
        if ((size & 1) == 0)
        {
            return true;
        }

        var next = stream.Peek(5);
        return next.Length > 0 && (IsName(next, 0) && !IsName(next, 1) || stream.Skip(1));
    }

    private static bool IsName(ReadOnlySpan<byte> bytes, int at)
    {
        for (var i = at; i < at + 4; i++)
        {
            if (i >= bytes.Length || bytes[i] is < 0x20 or > 0x7E)
            {
                return false;
            }
        }

        return true;
    }

    // Size 0 is the truth when another chunk or nothing follows; otherwise the samples start here.
    private static bool IsEmptyData(ForwardStream stream, uint size)
    {
        var next = stream.Peek(4);
        return size == 0 && (next.Length == 0 || next.SequenceEqual("LIST"u8) || next.SequenceEqual("fact"u8) || next.SequenceEqual("bext"u8)
            || next.SequenceEqual("id3 "u8) || next.SequenceEqual("cue "u8) || next.SequenceEqual("smpl"u8) || next.SequenceEqual("JUNK"u8));
    }
}
