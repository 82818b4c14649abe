using Parley.Audio;
using Parley.Text;
using Parley.TestSupport;

namespace Parley.Models.Tests;

/// <summary>Recordings of many windows with the bundled recogniser: whichever way they are heard, they say the same.</summary>
public sealed class LongFormTests
{
    private static readonly WhisperOptions Plain = new(Language: "en", Timestamps: false, Temperatures: [0], ConditionOnPreviousText: false);
    private static readonly SpeechRecognizer Recognizer = SpeechRecognizer.Load(Path.Combine(Goldens.Repository, "models", "whisper-digits-micro"));

    public static TheoryData<WhisperOptions> Ways => new(
        Plain, Plain with { BeamSize = 3 }, Plain with { Timestamps = true }, Plain with { Temperatures = [0.7], BestOf = 2, Seed = 4 }, Plain with { Temperatures = [0, 0.6], LogProbThreshold = -0.05, BestOf = 2 });

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_is_said_does_not_depend_on_the_batch_size(WhisperOptions way)
    {
        var recording = Recording();
        var two = Told(Recognizer.Transcribe(recording, new TranscriptionOptions(way, BatchSize: 2)));
        Assert.True(two.Length >= 8, $"{two.Length} segments");
        for (var batch = 3; batch <= 8; batch++)
        {
            Assert.Equal(two, Told(Recognizer.Transcribe(recording, new TranscriptionOptions(way, batch))));
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_batch_says_what_its_stretches_say_one_after_another(WhisperOptions way)
    {
        var recording = Recording();
        var batched = Recognizer.Transcribe(recording, new TranscriptionOptions(way, BatchSize: 8));
        var windows = SpeechWindows.Pack([.. WhisperBatchTranscriber.DefaultDetector.Detect(recording).Select(s => (s.Start / 160, (s.End + 159) / 160))], 400, recording, 160);
        (double, double?)[] clips = [.. windows.Select(w => (w.Start / 100.0, (double?)(w.End / 100.0)))];
        var sequential = Recognizer.Transcribe(recording, new TranscriptionOptions(way with { Clips = clips }));
        Assert.Equal(batched.Segments.Select(s => s.Text), sequential.Segments.Where(s => s.Text.Length > 0).Select(s => s.Text).Take(batched.Segments.Count));
    }

    [Fact]
    public void Segments_of_a_batch_are_in_order_and_inside_the_recording()
    {
        var recording = Recording();
        var segments = Recognizer.Transcribe(recording, new TranscriptionOptions(Plain with { Timestamps = true }, BatchSize: 4)).Segments;
        Assert.All(segments, s => Assert.True(s.Start >= TimeSpan.Zero && s.End >= s.Start && s.End.TotalSeconds <= recording.Length / 16000.0));
        Assert.All(segments.Zip(segments.Skip(1)), p => Assert.True(p.Second.Start >= p.First.Start));
        Assert.Equal(Enumerable.Range(0, segments.Count), segments.Select(s => s.Id));
    }

    [Fact]
    public void Eight_long_recordings_at_once_on_one_model_say_what_each_says_alone()
    {
        TranscriptionOptions[] ways = [.. Enumerable.Range(0, 8).Select(i => new TranscriptionOptions(Plain with { BeamSize = 1 + (i % 3), Timestamps = i % 2 == 0 }, BatchSize: 1 + (i % 4)))];
        var recordings = ways.Select((_, i) => Recording(seed: i)).ToArray();
        var alone = ways.Select((way, i) => Told(Recognizer.Transcribe(recordings[i], way))).ToArray();
        var together = new string[ways.Length][];
        Parallel.For(0, ways.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => together[i] = Told(Recognizer.Transcribe(recordings[i], ways[i])));
        Assert.Equal(alone, together);
    }

    [Fact]
    public void The_same_seed_draws_the_same_text_and_another_seed_another()
    {
        var recording = Recording();
        string[] Drawn(int seed) => Told(Recognizer.Transcribe(recording, new TranscriptionOptions(Plain with { Temperatures = [2], BestOf = 1, Seed = seed })));
        Assert.Equal(Drawn(1), Drawn(1));
        Assert.NotEqual(Drawn(1), Drawn(2));
    }

    [Fact]
    public void Special_tokens_in_a_prompt_are_read_as_text()
    {
        var recording = Recording()[..64000];
        var plain = Recognizer.Transcribe(recording, new TranscriptionOptions(Plain with { InitialPrompt = "one two" }));
        var odd = Recognizer.Transcribe(recording, new TranscriptionOptions(Plain with { InitialPrompt = "<|endoftext|>" }));
        Assert.NotEmpty(plain.Segments);
        Assert.NotEmpty(odd.Segments);
        Assert.DoesNotContain(WhisperTokenizer.Default().Eot, WhisperTokenizer.Default().Encode(" <|endoftext|>", SpecialTokens.AsText));
    }

    private static string[] Told(Transcript transcript) => [.. transcript.Segments.Select(s => $"{s.Start} {s.End} {string.Join(' ', s.Tokens)}")];

    /// <summary>The sample's two strings of digits five times over, ever fainter, with silences of some seconds.</summary>
    private static float[] Recording(int seed = 0)
    {
        var sample = AudioFile.LoadMono(Path.Combine(Goldens.Repository, "samples", "digits.wav"));
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 5).SelectMany(i => sample.Select(x => x * (1 - (0.15f * i))).Concat(new float[(int)(16000 * (1.5 + random.NextDouble()))]))];
    }
}
