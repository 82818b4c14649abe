using System.Buffers.Binary;

namespace Parley.Audio;

/// <summary>How the samples of a wave are written down.</summary>
internal enum WavEncoding
{
    Pcm,
    Float,
    ALaw,
    MuLaw,
}

/// <summary>What a wave's fmt chunk says.</summary>
internal readonly record struct WavFormat(WavEncoding Encoding, int SampleRate, int Channels, int BytesPerSample)
{
    /// <summary>Reads a fmt chunk; null, with the reason, when the samples are coded in a way that is not decoded here.</summary>
    public static WavFormat? Parse(ReadOnlySpan<byte> chunk, string name, out string why)
    {
        if (chunk.Length < 14)
        {
            throw new InvalidDataException($"{name}: the wave's fmt chunk has {chunk.Length} bytes, at least 14 are needed; the header is damaged");
        }

        why = "";
        int tag = BinaryPrimitives.ReadUInt16LittleEndian(chunk);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(chunk[2..]);
        var rate = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
        int block = BinaryPrimitives.ReadUInt16LittleEndian(chunk[12..]);
        var bits = chunk.Length >= 16 ? BinaryPrimitives.ReadUInt16LittleEndian(chunk[14..]) : channels > 0 ? block / channels * 8 : 0;
        if (tag == 0xFFFE && chunk.Length >= 26)
        {
            tag = BinaryPrimitives.ReadUInt16LittleEndian(chunk[24..]);
        }

        WavEncoding? encoding = tag switch
        {
            1 or 0xFFFE => WavEncoding.Pcm,
            3 => WavEncoding.Float,
            6 => WavEncoding.ALaw,
            7 => WavEncoding.MuLaw,
            _ => null,
        };
        if (encoding is not { } known)
        {
            why = $"wave format 0x{tag:X4}";
            return null;
        }

        // The container is what the block says where that makes sense (20 bits may sit in 3 or 4 bytes), else the bits rounded up.
        var width = (bits + 7) / 8;
        if (channels > 0 && block > 0 && block % channels == 0 && block / channels >= width && block / channels <= 8)
        {
            width = block / channels;
        }

        var fits = known switch
        {
            WavEncoding.Pcm => width is >= 1 and <= 4,
            WavEncoding.Float => width is 4 or 8,
            _ => width == 1,
        };
        if (!fits)
        {
            throw new InvalidDataException($"{name}: {bits}-bit {known} samples in {width} bytes are not supported; convert to 16-bit PCM or 32-bit float");
        }

        return new WavFormat(known, (int)Math.Min(rate, int.MaxValue), channels, width);
    }
}
