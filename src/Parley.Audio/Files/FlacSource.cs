using System.Buffers.Binary;

namespace Parley.Audio;

/// <summary>FLAC (RFC 9639): every subframe type, stereo mode and bit depth, with both checksums of each frame checked.</summary>
/// <remarks>The MD5 of the whole is not checked: the checksums of the frames already cover every bit.</remarks>
internal sealed class FlacSource : SampleSource
{
    private readonly ForwardStream _stream;
    private readonly FlacBits _bits;
    private readonly int _depth;
    private readonly long _total;
    private readonly int _maxBlock;
    private readonly long[][] _channels;
    private float[] _decoded = [];
    private int _from;
    private int _to;
    private long _done;

    private FlacSource(ForwardStream stream, int sampleRate, int channels, int depth, long total, int maxBlock)
        : base(sampleRate, channels)
    {
        (_stream, _depth, _total, _maxBlock) = (stream, depth, total, maxBlock);
        _bits = new FlacBits(stream);
        _channels = new long[channels][];
        Array.Fill(_channels, []);
    }

    // Speech takes about a byte a sample; a wrong guess costs a copy, so a header cannot make us allocate much.
    public override long FramesHint => Math.Min(_total, 4 * (_stream.Remaining ?? 0) / Channels);

    public static bool Matches(ReadOnlySpan<byte> head) => head.StartsWith("fLaC"u8) || (Id3Length(head) > 0 && LooksTagged(head));

    public static int Id3Length(ReadOnlySpan<byte> head) =>
        head.Length >= 10 && head.StartsWith("ID3"u8)
            ? 10 + ((head[6] & 0x7F) << 21 | (head[7] & 0x7F) << 14 | (head[8] & 0x7F) << 7 | (head[9] & 0x7F)) + ((head[5] & 0x10) != 0 ? 10 : 0)
            : 0;

    public static FlacSource Open(ForwardStream stream)
    {
        var name = stream.Name;
        stream.Skip(Id3Length(stream.Peek(10)));
        Span<byte> head = stackalloc byte[4];
        Span<byte> info = stackalloc byte[34];
        if (stream.Read(head) < 4 || !head.SequenceEqual("fLaC"u8))
        {
            throw new InvalidDataException($"{name}: no fLaC mark; the file is damaged");
        }

        FlacSource? source = null;
        while (stream.Read(head) == 4)
        {
            var size = head[1] << 16 | head[2] << 8 | head[3];
            if ((head[0] & 0x7F) == 0 && source is null)
            {
                if (size < 34 || stream.Read(info) < 34)
                {
                    break;
                }

                size -= 34;
                source = Parse(stream, info, name);
            }

            if (!stream.Skip(size))
            {
                break;
            }

            if ((head[0] & 0x80) != 0)
            {
                return source ?? throw new InvalidDataException($"{name}: the FLAC file has no STREAMINFO; it is damaged");
            }
        }

        throw new InvalidDataException($"{name}: the FLAC file ends within its header; it is truncated");
    }

    public override int Read(Span<float> interleaved)
    {
        if (_from == _to && !NextFrame())
        {
            return 0;
        }

        var count = Math.Min(_to - _from, interleaved.Length / Channels * Channels);
        _decoded.AsSpan(_from, count).CopyTo(interleaved);
        _from += count;
        return count;
    }

    public override void Dispose()
    {
        _stream.Dispose();
        base.Dispose();
    }

    private static FlacSource Parse(ForwardStream stream, ReadOnlySpan<byte> info, string name)
    {
        var packed = BinaryPrimitives.ReadUInt64BigEndian(info[10..]);
        var rate = (long)(packed >> 44);
        var channels = (int)(packed >> 41 & 7) + 1;
        var depth = (int)(packed >> 36 & 31) + 1;
        CheckFormat(name, rate, channels);
        if (depth < 4)
        {
            throw new InvalidDataException($"{name}: FLAC of {depth} bits a sample does not exist; the header is damaged");
        }

        return new FlacSource(stream, (int)rate, channels, depth, (long)(packed & 0xFFFFFFFFF), BinaryPrimitives.ReadUInt16BigEndian(info[2..]));
    }

    private bool NextFrame()
    {
        if (_total > 0 && _done >= _total)
        {
            return false;
        }

        var name = _stream.Name;
        if (_bits.AtEnd() || (_total == 0 && _bits.Peek(24) == 0x544147))
        {
            // "TAG" opens the 128 bytes that old taggers append.
            return _total == 0 ? false : throw new InvalidDataException($"{name}: the FLAC file ends after {_done} of {_total} samples; it is truncated");
        }

        _bits.BeginFrame();
        var frame = FlacFrame.Read(_bits, name, _done);
        var depth = frame.BitsPerSample == 0 ? _depth : frame.BitsPerSample;
        if (frame.Channels != Channels || depth != _depth || (frame.SampleRate != 0 && frame.SampleRate != SampleRate))
        {
            throw FlacFrame.Damaged(name, _done, $"has {frame.Channels} channels of {depth} bits at {frame.SampleRate} Hz where the stream has {Channels} of {_depth} at {SampleRate} Hz");
        }

        // Some encoders leave the largest block at 0; a block is at most 65,536 in any case.
        if (_maxBlock >= 16 && frame.BlockSize > _maxBlock)
        {
            throw FlacFrame.Damaged(name, _done, $"has {frame.BlockSize} samples where {_maxBlock} is the most");
        }

        for (var c = 0; c < Channels; c++)
        {
            if (_channels[c].Length < frame.BlockSize)
            {
                _channels[c] = new long[frame.BlockSize];
            }

            var side = (c == 1 && frame.Assignment is FlacFrame.LeftSide or FlacFrame.MidSide) || (c == 0 && frame.Assignment == FlacFrame.SideRight);
            FlacSubframe.Read(_bits, _channels[c].AsSpan(0, frame.BlockSize), depth + (side ? 1 : 0), name, _done);
        }

        _bits.Align();
        var crc = _bits.FrameCrc();
        if (_bits.Read(16) != crc)
        {
            throw FlacFrame.Damaged(name, _done, "fails its checksum");
        }

        Interleave(frame);
        return true;
    }

    private void Interleave(FlacFrame frame)
    {
        var size = frame.BlockSize;
        if (_total > 0)
        {
            size = (int)Math.Min(size, _total - _done);
        }

        if (_decoded.Length < size * Channels)
        {
            _decoded = new float[size * Channels];
        }

        var scale = 1f / (1L << (_depth - 1));
        var target = _decoded.AsSpan(0, size * Channels);
        if (frame.Assignment >= FlacFrame.LeftSide)
        {
            Decorrelate(_channels[0].AsSpan(0, size), _channels[1].AsSpan(0, size), frame.Assignment);
        }

        for (var c = 0; c < Channels; c++)
        {
            var samples = _channels[c].AsSpan(0, size);
            for (int i = 0, j = c; i < samples.Length; i++, j += Channels)
            {
                target[j] = samples[i] * scale;
            }
        }

        (_from, _to) = (0, target.Length);
        _done += size;
    }

    private static void Decorrelate(Span<long> a, Span<long> b, int assignment)
    {
        b = b[..a.Length];
        for (var i = 0; i < a.Length; i++)
        {
            switch (assignment)
            {
                case FlacFrame.LeftSide:
                    b[i] = a[i] - b[i];
                    break;
                case FlacFrame.SideRight:
                    a[i] += b[i];
                    break;
                default:
                    // The lowest bit of the side is that of twice the middle.
                    var middle = a[i] << 1 | (b[i] & 1);
                    (a[i], b[i]) = ((middle + b[i]) >> 1, (middle - b[i]) >> 1);
                    break;
            }
        }
    }

    // An ID3 tag usually opens an MP3 file; one before FLAC is short enough to see the mark behind it or it goes to ffmpeg.
    private static bool LooksTagged(ReadOnlySpan<byte> head)
    {
        var length = Id3Length(head);
        return length + 4 <= head.Length && head.Slice(length, 4).SequenceEqual("fLaC"u8);
    }
}
