namespace Parley.Audio.Tests;

public sealed class VadTests
{
    [Fact]
    public void Segments_follow_the_thresholds()
    {
        float[] p = [.. Enumerable.Repeat(0.1f, 10), .. Enumerable.Repeat(0.6f, 20), .. Enumerable.Repeat(0.4f, 10), .. Enumerable.Repeat(0.9f, 10), .. Enumerable.Repeat(0.1f, 30)];
        var segments = SpeechSegmenter.Segment(p, 512, p.Length * 512);
        Assert.Equal([new SpeechSegment(10 * 512 - 480, 50 * 512 + 480)], segments);
    }

    [Fact]
    public void Short_bursts_are_dropped_and_long_speech_is_cut()
    {
        float[] burst = [.. Enumerable.Repeat(0f, 20), .. Enumerable.Repeat(1f, 4), .. Enumerable.Repeat(0f, 20)];
        Assert.Empty(SpeechSegmenter.Segment(burst, 512, burst.Length * 512));
        float[] speech = [.. Enumerable.Repeat(1f, 1000)];
        var cut = SpeechSegmenter.Segment(speech, 512, speech.Length * 512, options: new SpeechSegmenterOptions(MaxSpeechMilliseconds: 5000));
        Assert.True(cut.Count >= 7);
        Assert.All(cut, s => Assert.InRange(s.Length, 1, 80000));
        Assert.Equal((0, speech.Length * 512), (cut[0].Start, cut[^1].End));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.0001)]
    [InlineData(0.01)]
    [InlineData(0.3)]
    public void Steady_noise_is_not_speech(double level)
    {
        var samples = Noise(16000 * 300, level, 1);
        Assert.Empty(new EnergyVad().Detect(samples));
    }

    [Theory]
    [InlineData(0.3, 0.001)]
    [InlineData(0.003, 0.0001)]
    [InlineData(0.02, 0.0)]
    public void Syllables_over_noise_are_found(double speech, double noise)
    {
        var samples = Noise(16000 * 12, noise, 2);

        // From 3 to 6 s: a hum of 500 Hz in syllables of a fifth of a second.
        for (var t = 48000; t < 96000; t++)
        {
            samples[t] += (float)(speech * Math.Sin(2 * Math.PI * 500 * t / 16000) * Math.Pow(Math.Sin(Math.PI * t / 3200), 2));
        }

        var found = new EnergyVad(new EnergyVadOptions(Segments: new SpeechSegmenterOptions(MinSilenceMilliseconds: 300))).Detect(samples);
        var segment = Assert.Single(found);
        Assert.InRange(segment.Start, 45000, 50000);
        Assert.InRange(segment.End, 94000, 99000);
    }

    [Fact]
    public void No_samples_are_no_speech() => Assert.Empty(new EnergyVad().Detect([]));

    private static float[] Noise(int samples, double level, int seed)
    {
        var random = new Random(seed);
        var noise = new float[samples];
        for (var t = 0; t < samples; t++)
        {
            noise[t] = (float)(level * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5));
        }

        return noise;
    }
}
