using Parley.TestSupport;

namespace Parley.Audio.Tests;

public sealed class HostileAudioTests
{
    private static string Folder => Path.Combine(Goldens.Repository, "tests", "Parley.Audio.Tests", "flac");

    [Fact]
    public void A_flac_file_cut_anywhere_is_refused()
    {
        foreach (var name in new[] { "stereo16", "constant16", "wasted" })
        {
            var whole = File.ReadAllBytes(Path.Combine(Folder, name + ".flac"));
            for (var length = 4; length < whole.Length; length++)
            {
                Assert.Throws<InvalidDataException>(() => WavTests.Load(whole[..length]));
            }
        }
    }

    [Fact]
    public void A_flac_file_with_flipped_bits_is_refused_or_read()
    {
        foreach (var path in Directory.GetFiles(Folder, "*.flac"))
        {
            var whole = File.ReadAllBytes(path);
            var random = new Random(whole.Length);
            for (var round = 0; round < 200; round++)
            {
                var broken = (byte[])whole.Clone();
                for (var flips = random.Next(1, 4); flips > 0; flips--)
                {
                    broken[random.Next(4, broken.Length)] ^= (byte)(1 << random.Next(8));
                }

                RefusedOrRead(broken);
            }
        }
    }

    [Fact]
    public void A_wave_cut_anywhere_is_refused_or_gives_what_is_there()
    {
        var whole = WavTests.Wave(1, 16, 1, new byte[200], sub: 1);
        for (var length = 12; length < whole.Length; length++)
        {
            RefusedOrRead(whole[..length]);
        }
    }

    [Fact]
    public void Random_headers_never_do_more_than_refuse()
    {
        var random = new Random(11);
        var wave = WavTests.Wave(1, 16, 2, new byte[400]);
        var flac = File.ReadAllBytes(Path.Combine(Folder, "twentyfour.flac"));
        for (var round = 0; round < 4000; round++)
        {
            var broken = (byte[])(round % 2 == 0 ? wave : flac).Clone();
            var start = round % 2 == 0 ? 12 : 4;
            random.NextBytes(broken.AsSpan(random.Next(start, 44), random.Next(1, 20)));
            RefusedOrRead(broken);
        }
    }

    [Fact]
    public void A_huge_claim_costs_no_memory()
    {
        var flac = File.ReadAllBytes(Path.Combine(Folder, "constant16.flac"));

        // Total samples: the largest that 36 bits can say.
        (flac[21], flac[22], flac[23], flac[24], flac[25]) = ((byte)(flac[21] | 15), 255, 255, 255, 255);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => WavTests.Load(flac));
        var wave = WavTests.Wave(1, 16, 1, [1, 2]);
        (wave[40], wave[41], wave[42], wave[43]) = (0, 255, 255, 127);
        Assert.Equal(1, WavTests.Load(wave).Frames);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void An_empty_file_and_a_folder_say_what_they_are()
    {
        Assert.Contains("empty", Assert.Throws<InvalidDataException>(() => WavTests.Load([])).Message, StringComparison.Ordinal);
        var folder = Assert.Throws<InvalidDataException>(() => AudioFile.Load(Path.GetTempPath(), TestContext.Current.CancellationToken));
        Assert.Contains("folder", folder.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_no_known_kind_names_ffmpeg()
    {
        var refused = Assert.Throws<InvalidDataException>(() => WavTests.Load([.. Enumerable.Range(0, 100).Select(i => (byte)(i * 7))]));
        Assert.Contains("ffmpeg", refused.Message, StringComparison.Ordinal);
    }

    private static void RefusedOrRead(byte[] file)
    {
        try
        {
            Assert.All(WavTests.Load(file).Samples, s => Assert.True(float.IsFinite(s)));
        }
        catch (InvalidDataException refused)
        {
            Assert.StartsWith("test:", refused.Message, StringComparison.Ordinal);
        }
    }
}
