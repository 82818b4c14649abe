using System.Text.Json;
using Parley.Audio;
using Parley.TestSupport;

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
}
