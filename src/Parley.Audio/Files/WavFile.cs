using System.Buffers.Binary;

namespace Parley.Audio;

/// <summary>Writes RIFF waves.</summary>
public static class WavFile
{
    /// <summary>Writes interleaved samples [frames * channels] at a rate in Hz; the file appears whole or not at all.</summary>
    public static void Write(string path, ReadOnlySpan<float> samples, int sampleRate, int channels = 1, WavSampleFormat format = WavSampleFormat.Pcm16)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var full = Path.GetFullPath(path);
        var temporary = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                Write(stream, samples, sampleRate, channels, format);
            }

            File.Move(temporary, full, overwrite: true);
        }
        finally
        {
            // After a success the temporary name is gone and this does nothing.
            File.Delete(temporary);
        }
    }

    /// <summary>Writes interleaved samples [frames * channels] at a rate in Hz to a stream.</summary>
    public static void Write(Stream stream, ReadOnlySpan<float> samples, int sampleRate, int channels = 1, WavSampleFormat format = WavSampleFormat.Pcm16)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(channels, ushort.MaxValue / 4);
        var width = format == WavSampleFormat.Pcm16 ? 2 : 4;
        var bytes = (long)samples.Length * width;
        if (samples.Length % channels != 0 || bytes > uint.MaxValue - 64)
        {
            throw new ArgumentException($"wav: {samples.Length} samples of {channels} channels are not whole frames of at most 4 GB; write several files", nameof(samples));
        }

        Span<byte> head = stackalloc byte[44];
        "RIFF"u8.CopyTo(head);
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], (uint)bytes + 36);
        "WAVEfmt "u8.CopyTo(head[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(head[16..], 16);
        BinaryPrimitives.WriteInt16LittleEndian(head[20..], (short)(format == WavSampleFormat.Pcm16 ? 1 : 3));
        BinaryPrimitives.WriteUInt16LittleEndian(head[22..], (ushort)channels);
        BinaryPrimitives.WriteInt32LittleEndian(head[24..], sampleRate);
        BinaryPrimitives.WriteUInt32LittleEndian(head[28..], (uint)((long)sampleRate * channels * width));
        BinaryPrimitives.WriteUInt16LittleEndian(head[32..], (ushort)(channels * width));
        BinaryPrimitives.WriteInt16LittleEndian(head[34..], (short)(8 * width));
        "data"u8.CopyTo(head[36..]);
        BinaryPrimitives.WriteUInt32LittleEndian(head[40..], (uint)bytes);
        stream.Write(head);

        var block = new byte[32768];
        while (samples.Length > 0)
        {
            var count = Math.Min(samples.Length, block.Length / width);
            for (var i = 0; i < count; i++)
            {
                if (width == 2)
                {
                    var scaled = MathF.Round(samples[i] * 32768, MidpointRounding.ToEven);
                    BinaryPrimitives.WriteInt16LittleEndian(block.AsSpan(2 * i), (short)Math.Clamp(float.IsNaN(scaled) ? 0 : scaled, -32768, 32767));
                }
                else
                {
                    BinaryPrimitives.WriteSingleLittleEndian(block.AsSpan(4 * i), samples[i]);
                }
            }

            stream.Write(block, 0, count * width);
            samples = samples[count..];
        }
    }
}
