using Parley.Audio;
using Parley.Tensors;
using Parley.TestSupport;

namespace Parley.Models.Tests;

/// <summary>The bundled recogniser on sound made here: what it says matters less than that it says the same whichever way it is asked.</summary>
public sealed class SpeechRecognizerTests
{
    private static readonly string Bundled = Path.Combine(Goldens.Repository, "models", "whisper-digits-micro");
    private static readonly TranscriptionOptions Plain = new(new WhisperOptions(Language: "en", Timestamps: false, Temperatures: [0]));

    [Fact]
    public void Eight_threads_on_one_model_say_what_one_says()
    {
        using var recognizer = SpeechRecognizer.Load(Bundled);
        var clips = Enumerable.Range(0, 8).Select(i => Noise(seed: i, seconds: 1 + (0.3 * i))).ToArray();
        var alone = clips.Select(c => recognizer.Transcribe(c, Plain).Segments[0].Tokens.ToArray()).ToArray();
        var together = new int[clips.Length][];
        Parallel.For(0, clips.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => together[i] = [.. recognizer.Transcribe(clips[i], Plain).Segments[0].Tokens]);
        Assert.Equal(alone, together);
    }

    [Fact]
    public void Windows_say_the_same_alone_and_in_batches()
    {
        using var recognizer = SpeechRecognizer.Load(Bundled);
        var recording = Enumerable.Range(0, 9).SelectMany(i => Noise(seed: i, seconds: 1.1).Concat(new float[16000 * 3])).ToArray();
        var one = recognizer.Transcribe(recording, Plain with { BatchSize = 2, Detector = new EveryFourSeconds() });
        var many = recognizer.Transcribe(recording, Plain with { BatchSize = 9, Detector = new EveryFourSeconds() });
        Assert.NotEmpty(one.Segments);
        Assert.Equal(one.Segments.Select(s => string.Join(' ', s.Tokens)), many.Segments.Select(s => string.Join(' ', s.Tokens)));
    }

    [Fact]
    public void No_samples_are_no_words()
    {
        using var recognizer = SpeechRecognizer.Load(Bundled);
        Assert.Empty(recognizer.Transcribe(Array.Empty<float>(), Plain).Text);
        Assert.Empty(recognizer.Transcribe(new float[16000 * 5], Plain with { Detector = new EnergyVad() }).Text);
        Assert.Empty(recognizer.Transcribe(new float[16000 * 5], Plain with { BatchSize = 4 }).Text);
    }

    [Theory]
    [InlineData(WeightFormat.Float32)]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Int8)]
    [InlineData(WeightFormat.Int4)]
    public void Every_precision_loads_and_writes(WeightFormat precision)
    {
        using var recognizer = SpeechRecognizer.Load(Bundled, precision);
        Assert.NotEmpty(recognizer.Transcribe(Noise(seed: 1, seconds: 1), Plain).Text);
    }

    [Fact]
    public void A_beam_of_one_is_greedy_and_wider_beams_are_at_least_as_likely()
    {
        using var recognizer = SpeechRecognizer.Load(Bundled);
        var clip = Noise(seed: 5, seconds: 2);
        var greedy = recognizer.Transcribe(clip, Plain).Segments[0];
        var one = recognizer.Transcribe(clip, new TranscriptionOptions(Plain.Whisper! with { BeamSize = 1 })).Segments[0];
        var five = recognizer.Transcribe(clip, new TranscriptionOptions(Plain.Whisper! with { BeamSize = 5 })).Segments[0];
        Assert.Equal(greedy.Tokens, one.Tokens);
        Assert.True(five.AverageLogProb * (five.Tokens.Count + 1) >= (greedy.AverageLogProb * (greedy.Tokens.Count + 1)) - 1e-4 || five.AverageLogProb >= greedy.AverageLogProb - 1e-4);
    }

    [Fact]
    public void Cancelling_stops_between_steps()
    {
        using var recognizer = SpeechRecognizer.Load(Bundled);
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => recognizer.Transcribe(Noise(seed: 1, seconds: 1), Plain, progress: null, cancel.Token));
    }

    [Fact]
    public void Whisper_settings_that_contradict_each_other_are_refused_by_name()
    {
        using var recognizer = SpeechRecognizer.Load(Bundled);
        var wrong = Assert.Throws<ArgumentException>(() => recognizer.Transcribe(new float[16000], new TranscriptionOptions(new WhisperOptions(HallucinationSilence: 2))));
        Assert.Contains("word timestamps", wrong.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => recognizer.Transcribe(new float[16000], new TranscriptionOptions(new WhisperOptions(Language: "xx"))));
    }

    [Fact]
    public async Task Segments_arrive_one_by_one()
    {
        using var recognizer = SpeechRecognizer.Load(Bundled);
        var clip = Noise(seed: 2, seconds: 9);
        var all = recognizer.Transcribe(clip, Plain);
        var streamed = new List<string>();
        await foreach (var segment in recognizer.TranscribeAsync(clip, Plain))
        {
            streamed.Add(segment.Text);
        }

        Assert.Equal(all.Segments.Select(s => s.Text), streamed);
    }

    private static float[] Noise(int seed, double seconds)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, (int)(16000 * seconds)).Select(i => (float)((random.NextDouble() - 0.5) * 0.4 * Math.Sin(i * 0.001 * (seed + 1))))];
    }

    private sealed class EveryFourSeconds : IVoiceActivityDetector
    {
        public IReadOnlyList<SpeechSegment> Detect(ReadOnlySpan<float> samples) =>
            [.. Enumerable.Range(0, samples.Length / 64000).Select(i => new SpeechSegment(i * 64000, (i * 64000) + 60000))];
    }
}
