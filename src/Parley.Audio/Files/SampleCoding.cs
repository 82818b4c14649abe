using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Parley.Audio;

/// <summary>Bytes of a wave to samples of full scale 1.</summary>
internal static class SampleCoding
{
    private static readonly float[] ALaw = [.. Enumerable.Range(0, 256).Select(DecodeALaw)];
    private static readonly float[] MuLaw = [.. Enumerable.Range(0, 256).Select(DecodeMuLaw)];

    /// <summary>Decodes samples; how many of them were no numbers.</summary>
    public static int Decode(WavEncoding encoding, int width, ReadOnlySpan<byte> bytes, Span<float> samples)
    {
        var (count, replaced) = (bytes.Length / width, 0);
        samples = samples[..count];
        switch (encoding, width)
        {
            case (WavEncoding.Pcm, 1):
                for (var i = 0; i < samples.Length; i++)
                {
                    samples[i] = (bytes[i] - 128) * (1f / 128);
                }

                break;
            case (WavEncoding.Pcm, 2) when BitConverter.IsLittleEndian:
                var shorts = MemoryMarshal.Cast<byte, short>(bytes);
                for (var i = 0; i < samples.Length; i++)
                {
                    samples[i] = shorts[i] * (1f / 32768);
                }

                break;
            case (WavEncoding.Pcm, 2):
                for (var i = 0; i < samples.Length; i++)
                {
                    samples[i] = BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]) * (1f / 32768);
                }

                break;
            case (WavEncoding.Pcm, 3):
                for (var i = 0; i < samples.Length; i++)
                {
                    var value = bytes[3 * i] << 8 | bytes[3 * i + 1] << 16 | bytes[3 * i + 2] << 24;
                    samples[i] = (value >> 8) * (1f / 8388608);
                }

                break;
            case (WavEncoding.Pcm, _):
                for (var i = 0; i < samples.Length; i++)
                {
                    samples[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]) * (1f / 2147483648);
                }

                break;
            case (WavEncoding.Float, 4):
                for (var i = 0; i < samples.Length; i++)
                {
                    samples[i] = Finite(BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]), ref replaced);
                }

                break;
            case (WavEncoding.Float, _):
                for (var i = 0; i < samples.Length; i++)
                {
                    samples[i] = Finite((float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]), ref replaced);
                }

                break;
            default:
                var table = encoding == WavEncoding.ALaw ? ALaw : MuLaw;
                for (var i = 0; i < samples.Length; i++)
                {
                    samples[i] = table[bytes[i]];
                }

                break;
        }

        return replaced;
    }

    // A NaN or an infinity in a file is silence, as in ffmpeg: one bad sample must not spoil a whole window.
    private static float Finite(float sample, ref int replaced)
    {
        if (float.IsFinite(sample))
        {
            return sample;
        }

        replaced++;
        return 0;
    }

    // ITU-T G.711: the sign, a 3-bit exponent and a 4-bit mantissa; A-law inverts the even bits.
    private static float DecodeALaw(int code)
    {
        code ^= 0x55;
        var (exponent, mantissa) = ((code >> 4) & 7, code & 15);
        var value = exponent == 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
        return ((code & 0x80) != 0 ? value : -value) / 32768f;
    }

    // ITU-T G.711: mu-law inverts all bits and adds a bias of 33 (here 0x84 after scaling to 16 bits).
    private static float DecodeMuLaw(int code)
    {
        code = ~code & 0xFF;
        var value = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
        return ((code & 0x80) != 0 ? -value : value) / 32768f;
    }
}
