using Parley.Audio;
using Parley.Nn;

namespace Parley.Training.Tests;

/// <summary>Recordings are varied by their seeds alone, and each kind of variation happens.</summary>
public sealed class WaveAugmenterTests : IDisposable
{
    private static readonly float[] s_samples = [.. Enumerable.Range(0, 4000).Select(t => (float)(0.3 * Math.Sin(0.1 * t)))];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("parley-augment-");

    [Fact]
    public void The_same_seed_gives_the_same_samples_and_another_seed_others()
    {
        var augmenter = new WaveAugmenter(All(), 16000, TestContext.Current.CancellationToken);
        var other = new WaveAugmenter(All(), 16000, TestContext.Current.CancellationToken);
        var made = new HashSet<string>();
        for (ulong seed = 0; seed < 20; seed++)
        {
            var first = augmenter.Apply(s_samples, 16000, new TrainingPass(seed));
            Assert.Equal(first, other.Apply(s_samples, 16000, new TrainingPass(seed)));
            Assert.DoesNotContain(first, s => !float.IsFinite(s));
            made.Add(string.Join(' ', first.Take(50)));
        }

        Assert.True(made.Count > 15, $"{made.Count} of 20 differ");
    }

    [Fact]
    public void Each_variation_does_what_it_is_called()
    {
        float[] Apply(AugmentSettings settings) => new WaveAugmenter(settings, 16000, TestContext.Current.CancellationToken).Apply(s_samples, 16000, new TrainingPass(5));
        var none = new AugmentSettings(NoiseShare: 0, RoomShare: 0);
        Assert.Equal(s_samples, Apply(none));
        Assert.Equal(s_samples.Length / 1.25, Apply(none with { Speeds = [1.25] }).Length, 1.0);
        Assert.Equal(2 * Power(s_samples), Power(Apply(none with { Gain = [10 * Math.Log10(2), 10 * Math.Log10(2)] })), 1e-4);
        var noisy = Apply(All() with { Speeds = null, Gain = null, RoomShare = 0, NoiseShare = 1, TelephoneShare = 0, NoiseLevel = [12, 12] });
        Assert.Equal(12, 10 * Math.Log10(Power(s_samples) / noisy.Zip(s_samples, (n, s) => (double)n - s).Average(d => d * d)), 0.05);
        Assert.NotEqual(s_samples, Apply(All() with { Speeds = null, Gain = null, RoomShare = 1, NoiseShare = 0, TelephoneShare = 0 }));
        Assert.NotEqual(s_samples, Apply(none with { TelephoneShare = 1 }));
    }

    [Fact]
    public void A_range_that_is_upside_down_is_named() =>
        Assert.Contains("the lower first", Assert.Throws<InvalidDataException>(() =>
            new WaveAugmenter(new AugmentSettings(Gain: [3, -3]), 16000, TestContext.Current.CancellationToken).Apply(s_samples, 16000, new TrainingPass(1))).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Delete(recursive: true);

    private AugmentSettings All() => new(
        [0.9, 1, 1.1], [-6, 6], Manifest("noise", 1, 4000), 0.7, [5, 20], Manifest("room", 2, 200), 0.5, TelephoneShare: 0.3);

    private string Manifest(string name, int seed, int length)
    {
        var random = new Random(seed);
        WavFile.Write(Path.Combine(_folder.FullName, name + ".wav"), [.. Enumerable.Range(0, length).Select(t => (float)((random.NextDouble() - 0.5) * Math.Exp(name == "room" ? -t / 30.0 : 0)))], 16000);
        var path = Path.Combine(_folder.FullName, name + ".jsonl");
        File.WriteAllText(path, $$"""{"audio_filepath": "{{name}}.wav"}""");
        return path;
    }

    private static double Power(float[] samples) => samples.Average(s => (double)s * s);
}
