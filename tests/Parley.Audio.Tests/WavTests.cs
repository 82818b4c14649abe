using System.Buffers.Binary;
using System.Text;
using Parley.TestSupport;

namespace Parley.Audio.Tests;

public sealed class WavTests
{
    private static readonly float[] Ramp = [.. Enumerable.Range(-100, 200).Select(i => i / 128f)];

    [Theory]
    [InlineData(1, 8)]
    [InlineData(1, 16)]
    [InlineData(1, 24)]
    [InlineData(1, 32)]
    [InlineData(3, 32)]
    [InlineData(3, 64)]
    public void Every_sample_format_is_read(int tag, int bits)
    {
        var data = new List<byte>();
        foreach (var sample in Ramp)
        {
            var value = (long)Math.Round(sample * Math.Pow(2, bits - 1));
            byte[] bytes = (tag, bits) switch
            {
                (1, 8) => [(byte)(value + 128)],
                (1, _) => BitConverter.GetBytes(value)[..(bits / 8)],
                (_, 32) => BitConverter.GetBytes(sample),
                _ => BitConverter.GetBytes((double)sample),
            };
            data.AddRange(bytes);
        }

        Expect.Close(Load(Wave(tag, bits, 1, [.. data])).Samples, Ramp, 0, 0);
        Expect.Close(Load(Wave(0xFFFE, bits, 1, [.. data], sub: tag)).Samples, Ramp, 0, 0);
    }

    [Theory]
    [InlineData(6, 0xD5, 8)]
    [InlineData(6, 0x55, -8)]
    [InlineData(6, 0xAA, 32256)]
    [InlineData(7, 0xFF, 0)]
    [InlineData(7, 0x80, 32124)]
    [InlineData(7, 0x00, -32124)]
    public void Telephone_codes_follow_G711(int tag, int code, int expected) =>
        Assert.Equal(expected / 32768f, Load(Wave(tag, 8, 1, [(byte)code])).Samples[0]);

    [Theory]
    [InlineData(0u)]
    [InlineData(0xFFFFFFFFu)]
    [InlineData(0x7FFFFFFFu)]
    [InlineData(100000u)]
    public void A_data_size_that_was_never_filled_in_means_till_the_end(uint size)
    {
        var wave = Wave(1, 16, 1, [1, 2, 3, 4, 5, 6]);
        BinaryPrimitives.WriteUInt32LittleEndian(wave.AsSpan(40), size);
        Assert.Equal([0x0201 / 32768f, 0x0403 / 32768f, 0x0605 / 32768f], Load(wave).Samples);
    }

    [Fact]
    public void Odd_chunks_with_and_without_their_pad_byte_are_stepped_over()
    {
        foreach (var pad in new[] { 0, 1 })
        {
            var plain = Wave(1, 16, 1, [1, 2]);
            byte[] junk = [.. Encoding.ASCII.GetBytes("LIST"), 3, 0, 0, 0, 7, 8, 9, .. new byte[pad]];
            var samples = Load([.. plain[..12], .. junk, .. plain[12..]]).Samples;
            Assert.Equal([0x0201 / 32768f], samples);
        }
    }

    [Fact]
    public void Large_files_have_their_size_in_ds64()
    {
        var plain = Wave(1, 16, 1, [1, 2, 3, 4, 5, 6]);
        var ds64 = new byte[36];
        Encoding.ASCII.GetBytes("ds64").CopyTo(ds64, 0);
        ds64[4] = 28;
        ds64[16] = 4;
        byte[] wave = [.. plain[..12], .. ds64, .. plain[12..]];
        Encoding.ASCII.GetBytes("RF64").CopyTo(wave, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(wave.AsSpan(40 + 36), 0xFFFFFFFF);
        Assert.Equal(2, Load(wave).Frames);
    }

    [Theory]
    [InlineData(WavSampleFormat.Pcm16, 2e-5f)]
    [InlineData(WavSampleFormat.Float32, 0f)]
    public void What_is_written_is_read_back(WavSampleFormat format, float tolerance)
    {
        var path = Path.Combine(Path.GetTempPath(), $"parley-{Guid.NewGuid():N}.wav");
        try
        {
            WavFile.Write(path, Ramp, 22050, 2, format);
            var audio = AudioFile.Load(path, TestContext.Current.CancellationToken);
            Assert.Equal((22050, 2, 100), (audio.SampleRate, audio.Channels, audio.Frames));
            Expect.Close(audio.Samples, Ramp, 0, tolerance);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Channels_are_averaged_and_the_rate_is_changed()
    {
        var stereo = new float[2 * 44100];
        for (var t = 0; t < 44100; t++)
        {
            stereo[2 * t] = 0.8f * MathF.Sin(2 * MathF.PI * 1000 * t / 44100);
        }

        using var stream = new MemoryStream();
        WavFile.Write(stream, stereo, 44100, 2, WavSampleFormat.Float32);
        stream.Position = 0;
        var mono = AudioFile.LoadMono(stream, "tone", 16000, TestContext.Current.CancellationToken);
        Assert.Equal(16000, mono.Length);
        float[] expected = [.. Enumerable.Range(0, 16000).Select(t => 0.4f * MathF.Sin(2 * MathF.PI * 1000 * t / 16000))];
        Expect.Close(mono.AsSpan(100, 15800), expected.AsSpan(100, 15800), 0, 3e-3f);
    }

    [Fact]
    public void A_tone_above_the_new_rate_is_silenced_not_folded()
    {
        float[] tone = [.. Enumerable.Range(0, 48000).Select(t => MathF.Sin(2 * MathF.PI * 11000 * t / 48000))];
        Assert.All(new Resampler(48000, 16000).Apply(tone)[100..15900], s => Assert.InRange(s, -0.02f, 0.02f));
    }

    [Fact]
    public void Pieces_on_several_cores_give_the_same_samples()
    {
        var random = new Random(4);
        float[] samples = [.. Enumerable.Range(0, 500_000).Select(_ => random.NextSingle() - 0.5f)];
        Assert.Equal(new Resampler(44100, 16000).Apply(samples.AsSpan()), Resampler.Resample(samples, 44100, 16000));
    }

    [Fact]
    public void A_stream_of_the_caller_stays_open()
    {
        var flac = File.ReadAllBytes(Path.Combine(Goldens.Repository, "tests", "Parley.Audio.Tests", "flac", "stereo16.flac"));
        foreach (var file in (byte[][])[Wave(1, 16, 1, [1, 2, 3, 4]), flac])
        {
            using var stream = new MemoryStream(file);
            AudioFile.LoadMono(stream, "test", cancel: TestContext.Current.CancellationToken);
            stream.Position = 0;
            AudioFile.Load(stream, "test", TestContext.Current.CancellationToken);
            Assert.True(stream.CanRead);
        }

        using var telephone = new MemoryStream(Wave(0x31, 0, 1, [1, 2, 3, 4]));
        Assert.Throws<InvalidDataException>(() => AudioFile.LoadMono(telephone, "test", cancel: TestContext.Current.CancellationToken));
        Assert.True(telephone.CanRead);
    }

    internal static AudioBuffer Load(byte[] file) => AudioFile.Load(new MemoryStream(file), "test", TestContext.Current.CancellationToken);

    internal static byte[] Wave(int tag, int bits, int channels, byte[] data, int sub = 0)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        var block = channels * bits / 8;
        writer.Write("RIFF"u8);
        writer.Write(36 + data.Length + (sub > 0 ? 24 : 0));
        writer.Write("WAVEfmt "u8);
        writer.Write(sub > 0 ? 40 : 16);
        writer.Write((short)tag);
        writer.Write((short)channels);
        writer.Write(16000);
        writer.Write(16000 * block);
        writer.Write((short)block);
        writer.Write((short)bits);
        if (sub > 0)
        {
            writer.Write((short)22);
            writer.Write((short)bits);
            writer.Write(0);
            writer.Write((short)sub);
            writer.Write(Convert.FromHexString("000000001000800000AA00389B71"));
        }

        writer.Write("data"u8);
        writer.Write(data.Length);
        writer.Write(data);
        return stream.ToArray();
    }
}
