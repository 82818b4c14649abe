using System.Text.Json;
using Parley.Audio;
using Parley.TestSupport;
using Parley.Text;

namespace Parley.Models.Tests;

/// <summary>Real weights on real recordings, beside what OpenAI's own code made of them.</summary>
[Trait("kind", "slow")]
public sealed class DigitsTests
{
    private static readonly TranscriptionOptions Greedy = new(new WhisperOptions(Language: "en", Timestamps: false, Temperatures: [0]));

    [Fact]
    public void Digits_give_the_expected_ids_and_probabilities()
    {
        var weights = SharedData.Find("weights/whisper-digits-micro");
        using var recognizer = SpeechRecognizer.Load(weights);
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(weights, "expected.json")));
        foreach (var item in expected.RootElement.GetProperty("items").EnumerateArray())
        {
            var segment = recognizer.Transcribe(SharedData.Find(item.GetProperty("audio").GetString()!), Greedy).Segments[0];
            Assert.Equal(item.GetProperty("tokens").EnumerateArray().Select(t => t.GetInt32()), segment.Tokens);
            Assert.Equal(item.GetProperty("avg_logprob").GetDouble(), segment.AverageLogProb, tolerance: 0.02);
        }
    }

    [Fact]
    public void Digits_of_the_development_list_are_as_right_as_with_the_reference()
    {
        using var recognizer = SpeechRecognizer.Load(SharedData.Find("weights/whisper-digits-micro"));
        var manifest = SharedData.Find("real/fsdd/dev.jsonl");
        var lines = File.ReadLines(manifest).Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        var right = lines.Count(l => recognizer.Transcribe(AudioFile.LoadMono(Path.Combine(Path.GetDirectoryName(manifest)!, l.GetProperty("audio_filepath").GetString()!)), Greedy).Text == l.GetProperty("text").GetString());
        Assert.Equal(200, lines.Length);
        Assert.True(right >= 190, $"{right} of 200 are right; the reference has 190");
    }

    [Fact]
    public void A_long_recording_of_them_is_as_right_in_batches_of_any_size_as_window_by_window()
    {
        // One digit in each window of 4 s, a second after its start, so that both ways hear the same digits whole.
        using var recognizer = SpeechRecognizer.Load(SharedData.Find("weights/whisper-digits-micro"));
        var manifest = SharedData.Find("real/fsdd/dev.jsonl");
        var lines = File.ReadLines(manifest).Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        var recording = new float[lines.Length * 64000];
        for (var i = 0; i < lines.Length; i++)
        {
            var digit = AudioFile.LoadMono(Path.Combine(Path.GetDirectoryName(manifest)!, lines[i].GetProperty("audio_filepath").GetString()!));
            digit.AsSpan(0, Math.Min(digit.Length, 48000)).CopyTo(recording.AsSpan((i * 64000) + 16000));
        }

        var sequential = recognizer.Transcribe(recording, Greedy with { Whisper = Greedy.Whisper! with { ConditionOnPreviousText = false } });
        var batched = Enumerable.Range(2, 7).Select(size => recognizer.Transcribe(recording, Greedy with { BatchSize = size })).ToArray();
        Assert.All(batched, b => Assert.Equal(batched[0].Text, b.Text));
        var (one, many) = (Right(sequential), Right(batched[0]));
        Assert.True(many >= one && one >= 180, $"{one} of 200 are right window by window, {many} in batches");

        int Right(Transcript transcript) => lines.Where((line, i) =>
            string.Concat(transcript.Segments.Where(s => (int)((s.Start + s.End).TotalSeconds / 2) / 4 == i).Select(s => s.Text)).Trim() == line.GetProperty("text").GetString()).Count();
    }
}
