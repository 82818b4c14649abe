#pragma warning disable MEAI001 // The adapter is tested through the interface, which its owners still mark experimental.
using Microsoft.Extensions.AI;
using Parley.Models;
using Parley.TestSupport;
using Parley.Text;

namespace Parley.Extensions.AI.Tests;

public class SpeechToTextClientTests
{
    private static readonly TranscriptionOptions s_options = new(new WhisperOptions(Language: "en", Timestamps: false, ConditionOnPreviousText: false));

    private static string Repository => Goldens.Repository;

    [Fact]
    public async Task A_stream_becomes_text()
    {
        using var recognizer = Load();
        using var client = new ParleySpeechToTextClient(recognizer, s_options, "digits");
        using var sound = File.OpenRead(Path.Combine(Repository, "samples", "digits.wav"));
        var response = await client.GetTextAsync(sound, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("seven eight nine one two three", response.Text);
        Assert.Equal("digits", response.ModelId);
        Assert.InRange(response.EndTime!.Value.TotalSeconds, 5, 6);
    }

    [Fact]
    public async Task Segments_arrive_one_by_one_between_open_and_close()
    {
        using var recognizer = Load();
        using var client = new ParleySpeechToTextClient(recognizer, s_options);
        using var sound = File.OpenRead(Path.Combine(Repository, "samples", "digits.wav"));
        List<SpeechToTextResponseUpdate> updates = [];
        await foreach (var update in client.GetStreamingTextAsync(sound, new SpeechToTextOptions { SpeechLanguage = "en-US" }, TestContext.Current.CancellationToken))
        {
            updates.Add(update);
        }

        Assert.Equal(
            [SpeechToTextResponseUpdateKind.SessionOpen, SpeechToTextResponseUpdateKind.TextUpdated, SpeechToTextResponseUpdateKind.TextUpdated, SpeechToTextResponseUpdateKind.SessionClose],
            updates.Select(u => u.Kind));
        Assert.Equal("seven eight nine one two three", updates.ToSpeechToTextResponse().Text.Trim());
        Assert.IsType<TranscriptSegment>(updates[1].RawRepresentation);
    }

    [Fact]
    public async Task A_language_that_no_recogniser_writes_is_refused()
    {
        using var recognizer = Load();
        using var client = new ParleySpeechToTextClient(recognizer, s_options);
        using var sound = File.OpenRead(Path.Combine(Repository, "samples", "digits.wav"));
        var error = await Assert.ThrowsAsync<ArgumentException>(() =>
            client.GetTextAsync(sound, new SpeechToTextOptions { SpeechLanguage = "en", TextLanguage = "fr" }, TestContext.Current.CancellationToken));
        Assert.Contains("\"fr\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Services_are_the_metadata_and_the_recogniser()
    {
        using var recognizer = Load();
        using var client = new ParleySpeechToTextClient(recognizer);
        Assert.Equal("whisper", client.GetService<SpeechToTextClientMetadata>()!.DefaultModelId);
        Assert.Same(recognizer, client.GetService<SpeechRecognizer>());
        Assert.Null(client.GetService<string>());
    }

    private static SpeechRecognizer Load() => SpeechRecognizer.Load(Path.Combine(Repository, "models", "whisper-digits-micro"));
}
