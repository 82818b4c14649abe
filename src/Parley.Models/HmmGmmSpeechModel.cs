using Parley.Audio;
using Parley.Text;

namespace Parley.Models;

/// <summary>An HMM-GMM as the recogniser sees it: recordings in windows that begin and end in silence, each heard as a whole.</summary>
internal sealed class HmmGmmSpeechModel(HmmGmm model) : ISpeechModel, IAligner
{
    private const int WindowSeconds = 20;
    private const int FramesPerSecond = 100;
    private const int Hop = HmmGmmConfig.SampleRate / FramesPerSecond;

    public IEnumerable<TranscriptSegment> Transcribe(
        ReadOnlyMemory<float> samples, TranscriptionOptions options, Action<string>? language, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        if (options.Whisper is not null && options.Whisper != new WhisperOptions())
        {
            throw new ArgumentException("language, task, prompt, temperature and beam are settings of Whisper; this is an HMM-GMM, which has none of them");
        }

        return SpeechGate.Skips(options, samples) ? [] : Windows(samples, options, progress, cancel);
    }

    public void Check(string word)
    {
        if (Fit(word) is null)
        {
            throw new InvalidDataException($"the model does not know the word \"{word}\"");
        }
    }

    public AlignedText Align(ReadOnlyMemory<float> samples, IReadOnlyList<(string Word, int Line)> words, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        var duration = TimeSpan.FromSeconds((double)samples.Length / HmmGmmConfig.SampleRate);
        var alignment = model.Align(model.Features(samples.Span), words.Select(w => Fit(w.Word)!));
        progress?.Report(duration);
        var phones = alignment.Phones.ToLookup(p => p.Parent, p => new AlignedUnit(p.Name, p.Start * model.FrameShift, p.End * model.FrameShift));
        return new AlignedText(duration, "phones", alignment.LogProbability, [.. words.Select((w, i) =>
            new AlignedWord(w.Word, w.Line, alignment.Words[i].Start * model.FrameShift, alignment.Words[i].End * model.FrameShift, [.. phones[i]]))]);
    }

    private string? Fit(string word) => ((string[])[word, word.ToLowerInvariant(), word.ToUpperInvariant()]).FirstOrDefault(model.Knows);

    private IEnumerable<TranscriptSegment> Windows(ReadOnlyMemory<float> samples, TranscriptionOptions options, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        var count = 0;
        foreach (var (start, end) in Cut(samples, options.Detector))
        {
            cancel.ThrowIfCancellationRequested();
            var piece = samples[(start * Hop)..(int)Math.Min(samples.Length, (long)end * Hop)];
            var alignment = model.Recognize(model.Features(piece.Span));
            if (alignment.Words.Count > 0)
            {
                yield return Segment(count++, alignment, TimeSpan.FromSeconds((double)start / FramesPerSecond), options.WordTimestamps);
            }

            progress?.Report(TimeSpan.FromSeconds((double)end / FramesPerSecond));
        }
    }

    // A recording that fits one window is heard as it is unless a detector was asked for.
    private static List<(int Start, int End)> Cut(ReadOnlyMemory<float> samples, IVoiceActivityDetector? detector)
    {
        var frames = (samples.Length + Hop - 1) / Hop;
        if (detector is null && frames <= WindowSeconds * FramesPerSecond)
        {
            return [(0, frames)];
        }

        var speech = (detector ?? new EnergyVad()).Detect(samples.Span).Select(s => (s.Start / Hop, (int)(((long)s.End + Hop - 1) / Hop))).ToArray();
        return SpeechWindows.Pack(speech, WindowSeconds * FramesPerSecond, samples.Span, Hop);
    }

    private TranscriptSegment Segment(int id, HmmAlignment alignment, TimeSpan offset, bool times)
    {
        TranscriptWord[] words = [.. alignment.Words.Zip(alignment.WordPosteriors!, (w, p) =>
            new TranscriptWord(" " + w.Name, offset + (w.Start * model.FrameShift), offset + (w.End * model.FrameShift), p))];
        var text = string.Concat(words.Select(w => w.Text));
        return new TranscriptSegment(
            id, words[0].Start, words[^1].End, text, Tokens: [], words.Average(w => Math.Log(Math.Max(w.Probability, double.Epsilon))), WhisperWindowDecoder.CompressionRatio(text),
            NoSpeechProb: 0, Temperature: 0, times ? words : null, (int)(words[0].Start.TotalSeconds * FramesPerSecond));
    }
}
