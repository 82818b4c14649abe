using System.Text.Json;
using Parley.Audio;
using Parley.Nn;
using Parley.Text;

namespace Parley.Models;

/// <summary>A CTC checkpoint of the wav2vec 2.0, HuBERT, WavLM or wav2vec2-conformer family as the recogniser sees it.</summary>
internal sealed class CtcSpeechModel(CtcTranscriber transcriber) : ISpeechModel, IAligner
{
    private const int FramesPerSecond = 100;
    private const int WindowSeconds = 20;

    private readonly Lazy<CtcAligner> _aligner = new(transcriber.Aligner);

    public static CtcSpeechModel FromFolder(ModelFolder folder, JsonElement json, Checkpoint checkpoint, WeightsOptions options)
    {
        var config = Wav2Vec2Config.Parse(json);
        if (!checkpoint.Tensors.ContainsKey("lm_head.weight"))
        {
            throw new InvalidDataException($"{checkpoint.Path}: no lm_head.weight; this checkpoint was only pretrained and cannot write text, choose one fine-tuned with CTC");
        }

        var model = Weights.Build(new CheckpointWeights(checkpoint), w => new CtcModel(w, config), options).Model;
        return new CtcSpeechModel(new CtcTranscriber(model, CtcVocabulary.Load(folder.Path), CtcTranscriber.Normalises(folder), options.Backend));
    }

    public IEnumerable<TranscriptSegment> Transcribe(
        ReadOnlyMemory<float> samples, TranscriptionOptions options, Action<string>? language, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        RefuseWhisper(options);
        if (SpeechGate.Skips(options, samples))
        {
            return [];
        }

        var ctc = new CtcOptions(BatchSize: options.BatchSize, Words: options.WordTimestamps, Decode: options.Ctc);
        return options.Detector is { } detector
            ? Speech(samples, detector, piece => transcriber.TranscribeSegments(piece, ctc, progress: null, cancel), progress)
            : transcriber.TranscribeSegments(samples, ctc, progress, cancel);
    }

    public void Check(string word) => _aligner.Value.Check(word);

    public AlignedText Align(ReadOnlyMemory<float> samples, IReadOnlyList<(string Word, int Line)> words, IProgress<TimeSpan>? progress, CancellationToken cancel) =>
        _aligner.Value.Align(transcriber.Scores(samples, progress, cancel), TimeSpan.FromSeconds((double)samples.Length / Wav2Vec2Config.SampleRate), words);

    /// <summary>Throws when settings ask for what only Whisper has.</summary>
    internal static void RefuseWhisper(TranscriptionOptions options)
    {
        if (options.Whisper is not null && options.Whisper != new WhisperOptions())
        {
            throw new ArgumentException("language, task, prompt, temperature and beam are settings of Whisper; this is a CTC model, which has none of them");
        }
    }

    /// <summary>Only what the detector calls speech, in windows that begin and end in silence.</summary>
    internal static IEnumerable<TranscriptSegment> Speech(
        ReadOnlyMemory<float> samples, IVoiceActivityDetector detector, Func<ReadOnlyMemory<float>, IEnumerable<TranscriptSegment>> transcribe, IProgress<TimeSpan>? progress)
    {
        const int hop = Wav2Vec2Config.SampleRate / FramesPerSecond;
        var speech = detector.Detect(samples.Span).Select(s => (s.Start / hop, (int)(((long)s.End + hop - 1) / hop))).ToArray();
        var count = 0;
        foreach (var (start, end) in SpeechWindows.Pack(speech, WindowSeconds * FramesPerSecond, samples.Span, hop))
        {
            var from = start * hop;
            var offset = TimeSpan.FromSeconds((double)from / Wav2Vec2Config.SampleRate);
            foreach (var segment in transcribe(samples[from..(int)Math.Min(samples.Length, (long)end * hop)]))
            {
                yield return segment with
                {
                    Id = count++,
                    Start = segment.Start + offset,
                    End = segment.End + offset,
                    Words = segment.Words?.Select(w => w with { Start = w.Start + offset, End = w.End + offset }).ToArray(),
                };
            }

            progress?.Report(TimeSpan.FromSeconds((double)end / FramesPerSecond));
        }
    }
}
