using System.Text.Json;
using Parley.Nn;
using Parley.Text;

namespace Parley.Models;

/// <summary>A SpeedStream as the recogniser of whole recordings sees it: the recording is a stream, of which more is heard at once.</summary>
internal sealed class SpeedStreamSpeechModel(StreamingRecognizer recognizer) : ISpeechModel
{
    private const int ChunksAtOnce = 50;

    public static SpeedStreamSpeechModel FromFolder(ModelFolder folder, JsonElement json, Checkpoint checkpoint, WeightsOptions options) =>
        new(StreamingRecognizer.Open(folder, json, checkpoint, options));

    public IEnumerable<TranscriptSegment> Transcribe(
        ReadOnlyMemory<float> samples, TranscriptionOptions options, Action<string>? language, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        CtcSpeechModel.RefuseWhisper(options);
        return SpeechGate.Skips(options, samples) ? []
            : options.Detector is { } detector ? CtcSpeechModel.Speech(samples, detector, piece => Run(piece, options, progress: null, cancel), progress)
            : Run(samples, options, progress, cancel);
    }

    private IEnumerable<TranscriptSegment> Run(ReadOnlyMemory<float> samples, TranscriptionOptions options, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        using var session = new StreamingSession(recognizer, new StreamingOptions(Decode: options.Ctc), ChunksAtOnce);
        for (var piece = ChunksAtOnce * recognizer.ChunkSamples; ; samples = samples[piece..])
        {
            piece = Math.Min(piece, samples.Length);
            var said = piece > 0 ? session.Feed(samples.Span[..piece], cancel) : session.Finish(cancel);
            foreach (var segment in said.Select(s => s.Segment).OfType<TranscriptSegment>())
            {
                yield return options.WordTimestamps ? segment : segment with { Words = null };
            }

            if (piece == 0)
            {
                yield break;
            }

            progress?.Report(session.Taken);
        }
    }
}
