using Parley.Text;

namespace Parley.Models;

/// <summary>A loaded model that turns sound into text, as the recogniser sees it; shared by any number of threads.</summary>
internal interface ISpeechModel
{
    /// <summary>Segments of 16 kHz samples, each as soon as it is final.</summary>
    IEnumerable<TranscriptSegment> Transcribe(
        ReadOnlyMemory<float> samples, TranscriptionOptions options, Action<string>? language, IProgress<TimeSpan>? progress, CancellationToken cancel);
}
