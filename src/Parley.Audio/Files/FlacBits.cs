using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Parley.Audio;

/// <summary>Bits, most significant first, over a stream; keeps the bytes of the current frame for its checksum.</summary>
internal sealed class FlacBits(ForwardStream stream)
{
    // The largest honest frame: 65,535 samples of 8 channels at 33 bits, about 2.2 MB; a longer one is an attack.
    private const int MaxFrame = 4 << 20;

    private static readonly ushort[] Crc16 = MakeCrc16();

    private byte[] _buffer = new byte[1 << 16];
    private int _frame;
    private int _next;
    private int _end;
    private ulong _cache;
    private int _bits;
    private bool _ended;

    /// <summary>Marks the first byte of a frame; reading must be at a byte boundary.</summary>
    public void BeginFrame() => _frame = Position;

    /// <summary>Bytes since the beginning of the frame, at a byte boundary.</summary>
    public ReadOnlySpan<byte> FrameBytes => _buffer.AsSpan(_frame, Position - _frame);

    /// <summary>CRC-16 (polynomial 0x8005) of the frame so far.</summary>
    public int FrameCrc()
    {
        var crc = 0;
        foreach (var value in FrameBytes)
        {
            crc = (crc << 8 ^ Crc16[(crc >> 8 ^ value) & 0xFF]) & 0xFFFF;
        }

        return crc;
    }

    /// <summary>CRC-8 (polynomial 0x07) of the frame so far.</summary>
    public int HeaderCrc()
    {
        var crc = 0;
        foreach (var value in FrameBytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x80) != 0 ? (crc << 1 ^ 0x07) & 0xFF : crc << 1;
            }
        }

        return crc;
    }

    /// <summary>Whether no whole byte is left.</summary>
    public bool AtEnd()
    {
        Refill();
        return _bits < 8;
    }

    /// <summary>The next bits, at most 32, without taking them; zeros stand for what is behind the end.</summary>
    public uint Peek(int count)
    {
        Refill();
        return count == 0 ? 0 : (uint)(_cache >> (64 - count));
    }

    /// <summary>Takes 0 to 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Read(int count)
    {
        if (_bits < count)
        {
            Need(count);
        }

        // Two shifts, so that a count of 0 gives 0.
        var value = (uint)(_cache >> 32 >> (32 - count));
        _cache <<= count;
        _bits -= count;
        return value;
    }

    /// <summary>Takes a two's complement number of 0 to 33 bits.</summary>
    public long ReadSigned(int count)
    {
        if (count == 0)
        {
            return 0;
        }

        long value = count > 32 ? (long)Read(count - 32) << 32 | Read(32) : Read(count);
        return value << (64 - count) >> (64 - count);
    }

    /// <summary>Takes zeros up to and with the next one; their number.</summary>
    public int ReadUnary()
    {
        var zeros = 0;
        while (_cache == 0)
        {
            zeros += _bits;
            (_cache, _bits) = (0, 0);
            Need(1);
        }

        var here = BitOperations.LeadingZeroCount(_cache);
        _cache <<= here;
        _cache <<= 1;
        _bits -= here + 1;
        return zeros + here;
    }

    /// <summary>Reads Rice-coded numbers of one parameter.</summary>
    public void ReadRice(Span<long> values, int parameter)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (_bits < 32)
            {
                Refill();
            }

            ulong folded;
            var zeros = BitOperations.LeadingZeroCount(_cache);
            if (zeros + 1 + parameter <= _bits)
            {
                // The usual case: all of it is at hand. Two shifts, so that a parameter of 0 gives 0.
                var rest = _cache << zeros << 1;
                folded = (ulong)zeros << parameter | rest >> 1 >> (63 - parameter);
                _cache = rest << parameter;
                _bits -= zeros + 1 + parameter;
            }
            else
            {
                folded = (ulong)ReadUnary() << parameter;
                folded |= Read(parameter);
            }

            values[i] = (long)(folded >> 1) ^ -(long)(folded & 1);
        }
    }

    /// <summary>Skips to the next byte boundary.</summary>
    public void Align()
    {
        _cache <<= _bits & 7;
        _bits &= ~7;
    }

    private int Position => _next - _bits / 8;

    private void Need(int count)
    {
        Refill();
        if (_bits < count)
        {
            throw new InvalidDataException($"{stream.Name}: the FLAC file ends within a frame; it is truncated");
        }
    }

    private void Refill()
    {
        while (_bits <= 56)
        {
            if (_end - _next >= 8 && _bits <= 32)
            {
                _cache |= (ulong)BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(_next)) << (32 - _bits);
                _next += 4;
                _bits += 32;
                continue;
            }

            if (_next == _end && !Fill())
            {
                return;
            }

            _cache |= (ulong)_buffer[_next++] << (56 - _bits);
            _bits += 8;
        }
    }

    private bool Fill()
    {
        if (_ended)
        {
            return false;
        }

        if (_frame > 0)
        {
            // Move the frame to the front; bytes already in the cache stay before _next.
            _buffer.AsSpan(_frame, _end - _frame).CopyTo(_buffer);
            _next -= _frame;
            _end -= _frame;
            _frame = 0;
        }

        if (_end == _buffer.Length)
        {
            if (_end >= MaxFrame)
            {
                throw new InvalidDataException($"{stream.Name}: a FLAC frame is longer than {MaxFrame} bytes; the file is damaged");
            }

            Array.Resize(ref _buffer, _end * 2);
        }

        var read = stream.Read(_buffer.AsSpan(_end));
        _end += read;
        _ended = read == 0;
        return read > 0;
    }

    private static ushort[] MakeCrc16()
    {
        var table = new ushort[256];
        for (var i = 0; i < 256; i++)
        {
            var crc = i << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x8005 : crc << 1;
            }

            table[i] = (ushort)crc;
        }

        return table;
    }
}
