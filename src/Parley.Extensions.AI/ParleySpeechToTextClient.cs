#pragma warning disable MEAI001 // The interface is still marked experimental by its owners; this adapter follows it.
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Parley.Audio;
using Parley.Models;
using Parley.Text;

namespace Parley.Extensions.AI;

/// <summary>A recogniser as Microsoft.Extensions.AI sees one.</summary>
/// <param name="recognizer">What does the work; it is shared, and not disposed of here.</param>
/// <param name="options">Used for every request, under what the request itself says; null: the defaults.</param>
/// <param name="modelId">Name reported with every answer; null: the model's family.</param>
public sealed class ParleySpeechToTextClient(SpeechRecognizer recognizer, TranscriptionOptions? options = null, string? modelId = null) : ISpeechToTextClient
{
    private readonly SpeechToTextClientMetadata _metadata = new("parley", null, modelId ?? recognizer.ModelType);

    /// <summary>Transcribes a whole sound stream of any format that Parley reads.</summary>
    public async Task<SpeechToTextResponse> GetTextAsync(Stream audioSpeechStream, SpeechToTextOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (samples, settings) = await ReadAsync(audioSpeechStream, options, cancellationToken).ConfigureAwait(false);
        var transcript = await Task.Run(() => recognizer.Transcribe(samples, settings, cancel: cancellationToken), cancellationToken).ConfigureAwait(false);
        return new SpeechToTextResponse(transcript.Text)
        {
            StartTime = TimeSpan.Zero,
            EndTime = transcript.Duration,
            ModelId = _metadata.DefaultModelId,
            RawRepresentation = transcript,
        };
    }

    /// <summary>The same, segment by segment as they are final; each update carries its <see cref="TranscriptSegment"/>.</summary>
    public async IAsyncEnumerable<SpeechToTextResponseUpdate> GetStreamingTextAsync(
        Stream audioSpeechStream, SpeechToTextOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var (samples, settings) = await ReadAsync(audioSpeechStream, options, cancellationToken).ConfigureAwait(false);
        var id = Guid.NewGuid().ToString("N");
        SpeechToTextResponseUpdate Update(SpeechToTextResponseUpdateKind kind) => new() { Kind = kind, ResponseId = id, ModelId = _metadata.DefaultModelId };
        yield return Update(SpeechToTextResponseUpdateKind.SessionOpen);
        await foreach (var segment in recognizer.TranscribeAsync(samples, settings, cancel: cancellationToken).ConfigureAwait(false))
        {
            var update = Update(SpeechToTextResponseUpdateKind.TextUpdated);
            (update.Contents, update.StartTime, update.EndTime, update.RawRepresentation) = ([new TextContent(segment.Text)], segment.Start, segment.End, segment);
            yield return update;
        }

        yield return Update(SpeechToTextResponseUpdateKind.SessionClose);
    }

    /// <summary>Gives the metadata, the recogniser or this client, whichever is asked for.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(SpeechToTextClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(recognizer) ? recognizer
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Does nothing: the recogniser belongs to who made it.</summary>
    public void Dispose()
    {
        // Nothing is held.
    }

    private async Task<(float[] Samples, TranscriptionOptions Options)> ReadAsync(Stream stream, SpeechToTextOptions? request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var samples = await Task.Run(() => AudioFile.LoadMono(stream, "audio stream", SpeechRecognizer.SampleRate, cancel), cancel).ConfigureAwait(false);
        return (samples, Merge(request));
    }

    private TranscriptionOptions Merge(SpeechToTextOptions? request)
    {
        var merged = options ?? new TranscriptionOptions();
        if (request is null || request.SpeechLanguage is null && request.TextLanguage is null)
        {
            return merged;
        }

        var speech = Code(request.SpeechLanguage);
        var text = Code(request.TextLanguage);
        var translate = text is not null && speech is not null && text != speech;
        if (text is not null && text != "en" && text != speech)
        {
            throw new ArgumentException($"text in \"{text}\" cannot be had from speech in \"{speech ?? "any language"}\": a recogniser writes the language that is spoken, or translates into English");
        }

        var whisper = merged.Whisper ?? new WhisperOptions();
        return merged with { Whisper = whisper with { Language = speech ?? whisper.Language, Translate = whisper.Translate || translate || text == "en" && speech is null } };
    }

    // en-US is said as en.
    private static string? Code(string? language) => language?.Split('-', '_')[0].ToLowerInvariant();
}
