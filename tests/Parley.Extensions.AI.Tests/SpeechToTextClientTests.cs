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

    [Fact]
    public async Task A_stream_that_is_no_sound_is_one_clear_error()
    {
        using var recognizer = Load();
        using var client = new ParleySpeechToTextClient(recognizer, s_options);
        using var nothing = new MemoryStream("not a recording at all"u8.ToArray());
        var error = await Assert.ThrowsAnyAsync<Exception>(() => client.GetTextAsync(nothing, cancellationToken: TestContext.Current.CancellationToken));
        Assert.True(error is InvalidDataException or NotSupportedException or FileNotFoundException, error.GetType().Name);
        Assert.Contains("audio stream", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentNullException>(() => client.GetTextAsync(null!, cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Cancelling_stops_a_request()
    {
        using var recognizer = Load();
        using var client = new ParleySpeechToTextClient(recognizer, s_options);
        using var sound = File.OpenRead(Path.Combine(Repository, "samples", "digits.wav"));
        using var cancel = new CancellationTokenSource();
        var updates = client.GetStreamingTextAsync(sound, cancellationToken: cancel.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await updates.MoveNextAsync());
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await updates.MoveNextAsync())
            {
            }
        });
        await updates.DisposeAsync();
    }

    [Fact]
    public async Task A_disposed_client_leaves_its_recogniser_to_others()
    {
        using var recognizer = Load();
        new ParleySpeechToTextClient(recognizer, s_options).Dispose();
        using var client = new ParleySpeechToTextClient(recognizer, s_options);
        var requests = Enumerable.Range(0, 4).Select(async _ =>
        {
            using var sound = File.OpenRead(Path.Combine(Repository, "samples", "digits.wav"));
            return (await client.GetTextAsync(sound, cancellationToken: TestContext.Current.CancellationToken)).Text;
        });
        Assert.All(await Task.WhenAll(requests), text => Assert.Equal("seven eight nine one two three", text));
    }

    [Fact]
    public async Task What_a_request_says_goes_before_the_settings_of_the_client()
    {
        using var recognizer = Load();
        using var client = new ParleySpeechToTextClient(recognizer, s_options with { Whisper = s_options.Whisper! with { Language = "xx" } });
        using var sound = File.OpenRead(Path.Combine(Repository, "samples", "digits.wav"));
        var error = await Assert.ThrowsAsync<ArgumentException>(() => client.GetTextAsync(sound, new SpeechToTextOptions(), TestContext.Current.CancellationToken));
        Assert.Contains("\"xx\"", error.Message, StringComparison.Ordinal);
        using var again = File.OpenRead(sound.Name);
        var response = await client.GetTextAsync(again, new SpeechToTextOptions { SpeechLanguage = "EN" }, TestContext.Current.CancellationToken);
        Assert.Equal("seven eight nine one two three", response.Text);
    }

    private static SpeechRecognizer Load() => SpeechRecognizer.Load(Path.Combine(Repository, "models", "whisper-digits-micro"));
}
