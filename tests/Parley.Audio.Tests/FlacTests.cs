using System.Security.Cryptography;
using Parley.TestSupport;

namespace Parley.Audio.Tests;

public sealed class FlacTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder, "*.flac").Order(StringComparer.Ordinal).Select(f => Path.GetFileNameWithoutExtension(f)!)];

    private static string Folder => Path.Combine(Goldens.Repository, "tests", "Parley.Audio.Tests", "flac");

    [Theory]
    [MemberData(nameof(Files))]
    public void Files_of_the_reference_encoder_decode_to_the_sum_in_their_header(string name)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Folder, name + ".flac"));
        var audio = AudioFile.Load(new MemoryStream(bytes), name, TestContext.Current.CancellationToken);

        // STREAMINFO: depth in bits 4..8 of byte 20, MD5 of the samples from byte 26.
        var depth = ((bytes[20] & 1) << 4 | bytes[21] >> 4) + 1;
        var width = (depth + 7) / 8;
        var raw = new byte[audio.Samples.Length * width];
        for (var i = 0; i < audio.Samples.Length; i++)
        {
            var value = (long)Math.Round(audio.Samples[i] * Math.Pow(2, depth - 1));
            for (var b = 0; b < width; b++)
            {
                raw[i * width + b] = (byte)(value >> (8 * b));
            }
        }

        if (depth <= 24)
        {
#pragma warning disable CA5351 // The FLAC format fixes the sum
            Assert.Equal(Convert.ToHexString(bytes, 26, 16), Convert.ToHexString(MD5.HashData(raw)));
#pragma warning restore CA5351
        }
        else
        {
            // Floats keep 24 of the 32 bits: a decaying tone of 440 Hz with 1 % of noise.
            Assert.Equal(900, audio.Frames);
            Assert.All(audio.Channel(0).Select((s, t) => s - 0.4f * MathF.Sin(2 * MathF.PI * 440 * t / 16000) * MathF.Exp(-t / 900f)), e => Assert.True(Math.Abs(e) < 0.06f));
        }
    }
}
