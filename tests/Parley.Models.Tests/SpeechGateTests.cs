using Parley.Audio;
using Parley.TestSupport;

namespace Parley.Models.Tests;

/// <summary>What nobody says must not be written down.</summary>
public sealed class SpeechGateTests
{
    private const int Rate = SpeechRecognizer.SampleRate;

    private static readonly string Bundled = Path.Combine(Goldens.Repository, "models", "whisper-digits-micro");

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(0, 70)]
    [InlineData(3e-5, 2)]
    [InlineData(1e-3, 5)]
    [InlineData(0.05, 30)]
    [InlineData(0.5, 150)]
    public void Silence_and_steady_noise_have_no_words(double amplitude, double seconds)
    {
        using var recognizer = SpeechRecognizer.Load(Bundled);
        var noise = Noise(amplitude, seconds);
        Assert.Empty(recognizer.Transcribe(noise).Segments);
        if (amplitude is 0 or 0.05)
        {
            // The model itself hears digits in it: that is what the gate is for.
            Assert.NotEmpty(recognizer.Transcribe(noise.AsMemory(0, (int)Math.Min(noise.Length, 4 * Rate)), new TranscriptionOptions(SkipSpeechless: false)).Text);
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0.03, 0)]
    [InlineData(1, 0.005)]
    public void Speech_passes_loud_and_soft_and_in_noise(float gain, double noise)
    {
        var samples = AudioFile.LoadMono(Path.Combine(Goldens.Repository, "samples", "digits.wav"), Rate, TestContext.Current.CancellationToken);
        var under = Noise(noise, (double)samples.Length / Rate);
        float[] mixed = [.. samples.Select((s, i) => (gain * s) + (i < under.Length ? under[i] : 0))];
        Assert.True(SpeechGate.MayHaveSpeech(mixed));
        Assert.True(SpeechGate.MayHaveSpeech([.. Noise(noise, 100), .. mixed]));
        Assert.True(SpeechGate.MayHaveSpeech([.. mixed, .. Noise(noise, 100)]));
        Assert.True(SpeechGate.MayHaveSpeech(mixed.AsSpan(0, Rate)));
    }

    [Fact]
    public void Samples_that_are_no_numbers_are_no_silence()
    {
        Assert.True(SpeechGate.MayHaveSpeech([float.NaN]));
        Assert.False(SpeechGate.MayHaveSpeech([]));
    }

    private static float[] Noise(double amplitude, double seconds)
    {
        var random = new Random(8);
        return [.. Enumerable.Range(0, (int)(seconds * Rate)).Select(_ => (float)(amplitude * (2 * random.NextDouble() - 1)))];
    }
}
