using Parley.TestSupport;

namespace Parley.Audio.Tests;

public sealed class AudioDamageTests
{
    /// <summary>One recording of each coding.</summary>
    public static TheoryData<string> Waves => ["8 bits", "16 bits", "24 bits", "float", "A-law", "extensible"];

    /// <summary>The committed recordings.</summary>
    public static TheoryData<string> Flacs => [.. Directory.GetFiles(Path.Combine(Goldens.Repository, "tests", "Parley.Audio.Tests", "flac"), "*.flac").Select(f => Path.GetFileName(f)!)];

    [Theory]
    [MemberData(nameof(Waves))]
    public void Any_damage_to_a_wave_is_read_or_refused(string kind)
    {
        var data = new byte[480];
        new Random(2).NextBytes(data);
        var good = kind switch
        {
            "8 bits" => WavTests.Wave(1, 8, 2, data),
            "16 bits" => WavTests.Wave(1, 16, 1, data),
            "24 bits" => WavTests.Wave(1, 24, 2, data),
            "float" => WavTests.Wave(3, 32, 1, data),
            "A-law" => WavTests.Wave(6, 8, 1, data),
            _ => WavTests.Wave(-2, 16, 1, data, sub: 1),
        };

        // RIFF and WAVE stay: what is neither a wave nor FLAC is ffmpeg's to refuse.
        Check(good, keep: 12);
    }

    [Theory]
    [MemberData(nameof(Flacs))]
    public void Any_damage_to_a_flac_file_is_read_or_refused(string name) =>
        Check(File.ReadAllBytes(Path.Combine(Goldens.Repository, "tests", "Parley.Audio.Tests", "flac", name)), keep: 4);

    [Fact]
    public void A_stream_without_an_end_is_an_error()
    {
        using var endless = new Endless();
        using var stream = new ForwardStream(endless, "endless");
        Assert.Contains("does not end", Assert.Throws<InvalidDataException>(() => stream.CopyTo(Stream.Null, 1 << 20, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.InRange(endless.Given, 1 << 20, 1 << 21);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<FileNotFoundException>(() => AudioFile.Load("nowhere.wav", TestContext.Current.CancellationToken));
        Assert.Equal("nowhere.wav: no such file; check the name", error.Message);
    }

    private static void Check(byte[] good, int keep)
    {
        Assert.NotEmpty(WavTests.Load(good).Samples);
        Damage.Check(
            good,
            bad =>
            {
                using var stream = new MemoryStream(bad);
                Assert.All(AudioFile.LoadMono(stream, "test", 16000, TestContext.Current.CancellationToken), s => Assert.True(float.IsFinite(s)));
            },
            keep);
    }

    private sealed class Endless : MemoryStream
    {
        public long Given { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Given += count;
            return count;
        }
    }
}
