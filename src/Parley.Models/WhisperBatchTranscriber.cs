using Parley.Audio;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

/// <summary>Long recordings faster: cut at silences, several windows decoded as one batch, times put back.</summary>
/// <remarks>Windows do not see each other's text. The idea is that of WhisperX (Bain et al. 2023, arXiv 2303.00747, §3).</remarks>
internal sealed class WhisperBatchTranscriber(Whisper model, WhisperVocabulary ids, WhisperTokenizer tokenizer, Backend backend)
{
    private const int Hop = 160;

    /// <summary>Finds the speech where nothing else was chosen.</summary>
    public static IVoiceActivityDetector DefaultDetector { get; } = new EnergyVad();

    private readonly WhisperWindowDecoder _decoder = new(model, ids, tokenizer);
    private readonly WhisperTiming _timing = new(model, ids, tokenizer);
    private readonly WhisperLogMel _logMel = new(new WhisperLogMelOptions(model.Config.MelBins));

    /// <summary>Transcribes 16 kHz samples; the segments of a batch come together.</summary>
    public IEnumerable<TranscriptSegment> Transcribe(
        ReadOnlyMemory<float> samples, WhisperOptions options, int batch, IVoiceActivityDetector detector, Action<string>? language, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        var audio = new WhisperAudio(samples, _logMel, model.Config);
        var clips = Clips(options, detector.Detect(samples.Span), audio.Frames);
        var windows = SpeechWindows.Pack(clips, model.Config.WindowFrames, samples.Span, Hop);
        if (windows.Count == 0)
        {
            yield break;
        }

        var spoken = options.Language;
        var (count, lastSpeech) = (0, 0.0);
        foreach (var part in windows.Chunk(batch))
        {
            cancel.ThrowIfCancellationRequested();
            var drafts = Decode(audio, part, options, ref spoken, ref lastSpeech, cancel);
            if (count == 0 && spoken is not null)
            {
                language?.Invoke(spoken);
            }

            foreach (var draft in drafts.Where(d => d.Start != d.End && !string.IsNullOrWhiteSpace(d.Text)))
            {
                yield return draft.ToSegment(count++);
            }

            progress?.Report(TimeSpan.FromSeconds(part[^1].End / 100.0));
        }
    }

    private static List<(int Start, int End)> Clips(WhisperOptions options, IReadOnlyList<SpeechSegment> speech, int frames)
    {
        if (options.Clips is { } clips)
        {
            return [.. clips.Select(c => ((int)Math.Round(c.Start * 100), Math.Min(frames, c.End is { } end ? (int)Math.Round(end * 100) : frames)))];
        }

        return [.. speech.Select(s => (s.Start / Hop, Math.Min(frames, (int)(((long)s.End + Hop - 1) / Hop))))];
    }

    private List<DraftSegment> Decode(WhisperAudio audio, (int Start, int End)[] windows, WhisperOptions options, ref string? spoken, ref double lastSpeech, CancellationToken cancel)
    {
        using var scope = new TensorScope();
        var features = Encode(audio, windows);
        spoken ??= ids.IsMultilingual ? _decoder.DetectLanguage(features.Slice(0, 0, 1))[0].Language : "en";
        var start = ids.Start(spoken, options.Translate, options.Timestamps);
        var results = Decode(features, [.. windows.Select(w => w.Start)], start, options, cancel);

        var drafts = new List<DraftSegment>();
        for (var i = 0; i < windows.Length; i++)
        {
            if (results[i].IsSilence(options))
            {
                continue;
            }

            var (from, size) = (windows[i].Start, windows[i].End - windows[i].Start);
            var segments = WhisperSegments.Split(results[i], ids, tokenizer, from, size, final: true).Segments;
            if (options.WordTimestamps)
            {
                var text = segments.SelectMany(s => s.Tokens).Where(t => t < ids.EndOfText).ToArray();
                WhisperWords.Assign(segments, _timing.Align(features.Slice(0, i, i + 1), start, text, spoken, size), ids.EndOfText, from / 100.0, lastSpeech);
                lastSpeech = segments.LastOrDefault()?.End ?? lastSpeech;
            }

            drafts.AddRange(segments);
        }

        return drafts;
    }

    /// <summary>Features of all windows [windows, time, dim].</summary>
    private Tensor Encode(WhisperAudio audio, (int Start, int End)[] windows)
    {
        var features = Tensor.Zeros([windows.Length, model.Config.AudioPositions, model.Config.Dim], backend);

        // Cores with a window each wait less for one another than cores that share one; what is left over is shared.
        var each = windows.Length / backend.Workers.Threads * backend.Workers.Threads;
        backend.Workers.Run(each, One);
        for (var i = each; i < windows.Length; i++)
        {
            One(i);
        }

        return features;

        void One(int i)
        {
            using var scope = new TensorScope();
            features.Slice(0, i, i + 1).CopyFrom(model.Encoder.Forward(audio.Window(windows[i].Start, windows[i].End - windows[i].Start, backend)));
        }
    }

    /// <summary>All windows at the first temperature, then those that fail the guards at the next.</summary>
    private WindowResult[] Decode(Tensor features, int[] at, IReadOnlyList<int> start, WhisperOptions options, CancellationToken cancel)
    {
        var previous = options.InitialPrompt is { } prompt ? tokenizer.Encode(" " + prompt.Trim(), SpecialTokens.AsText) : [];
        var results = new WindowResult[at.Length];
        var open = Enumerable.Range(0, at.Length).ToArray();
        foreach (var temperature in options.Ladder)
        {
            using var scope = new TensorScope();
            var chosen = open.Length == at.Length ? features : Tensor.Concat(0, [.. open.Select(i => features.Slice(0, i, i + 1))]);
            var found = _decoder.Decode(chosen, [.. open.Select(i => at[i])], start, previous, options, temperature, cancel);
            for (var i = 0; i < open.Length; i++)
            {
                results[open[i]] = found[i];
            }

            open = [.. open.Where(i => results[i].NeedsFallback(options))];
            if (open.Length == 0)
            {
                break;
            }
        }

        return results;
    }
}
