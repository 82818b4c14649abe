using Parley.Audio;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

/// <summary>Recordings of any length to segments of text, window by window, each starting where the text of the last one ended.</summary>
/// <remarks>Follows openai/whisper:whisper/transcribe.py. One instance serves any number of threads: everything a recording needs is made per call.</remarks>
internal sealed class WhisperTranscriber
{
    private readonly Whisper _model;
    private readonly Backend _backend;
    private readonly WhisperVocabulary _ids;
    private readonly WhisperTokenizer _tokenizer;
    private readonly WhisperWindowDecoder _decoder;
    private readonly WhisperTiming _timing;
    private readonly WhisperLogMel _logMel;

    /// <summary>Puts a model, its ids and its tokenizer together.</summary>
    public WhisperTranscriber(Whisper model, WhisperVocabulary ids, WhisperTokenizer tokenizer, Backend backend)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _ids, _tokenizer, _backend) = (model, ids, tokenizer, backend);
        _decoder = new WhisperWindowDecoder(model, ids, tokenizer);
        _timing = new WhisperTiming(model, ids, tokenizer);
        _logMel = new WhisperLogMel(new WhisperLogMelOptions(model.Config.MelBins));
    }

    /// <summary>Transcribes 16 kHz samples; segments come as soon as they are final.</summary>
    /// <param name="samples">Mono, 16 kHz, in ±1.</param>
    /// <param name="options">Search, guards and rules; null: the defaults.</param>
    /// <param name="language">Told which language is transcribed, given or detected, before the first segment.</param>
    /// <param name="progress">Told how much of the recording is done.</param>
    /// <param name="cancel">Stops between decoding steps; segments already given are final.</param>
    public IEnumerable<TranscriptSegment> Transcribe(
        ReadOnlyMemory<float> samples, WhisperOptions? options = null, Action<string>? language = null, IProgress<TimeSpan>? progress = null, CancellationToken cancel = default)
    {
        options ??= new WhisperOptions();
        options.Validate();
        return Run(samples, options, language, progress, cancel);
    }

    private IEnumerable<TranscriptSegment> Run(ReadOnlyMemory<float> samples, WhisperOptions options, Action<string>? language, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        if (samples.Length == 0)
        {
            yield break;
        }

        var audio = new WhisperAudio(samples, _logMel, _model.Config);
        var (spoken, heard) = options.Language is { } given ? (given, null) : DetectLanguage(audio);
        language?.Invoke(spoken);
        var run = new WhisperRun(_model, _backend, _ids, _tokenizer, _decoder, _timing, audio, options, spoken, heard);
        while (run.HasMore)
        {
            cancel.ThrowIfCancellationRequested();
            foreach (var segment in run.Next(cancel))
            {
                yield return segment;
            }

            progress?.Report(TimeSpan.FromSeconds(run.Done));
        }
    }

    /// <summary>The language of a recording's first window, with the features it was told from; English-only models always say "en".</summary>
    private (string Language, Tensor? Features) DetectLanguage(WhisperAudio audio)
    {
        if (!_ids.IsMultilingual)
        {
            return ("en", null);
        }

        using var scope = new TensorScope();
        var features = _model.Encoder.Forward(audio.Window(0, audio.Frames, _backend));
        return (_decoder.DetectLanguage(features)[0].Language, features.Detach());
    }
}
