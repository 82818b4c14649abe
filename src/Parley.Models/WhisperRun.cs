using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

/// <summary>The state of one sequential transcription: where it is, and the text so far.</summary>
internal sealed class WhisperRun
{
    private const double FramesPerSecond = 100;

    private readonly Whisper _model;
    private readonly Backend _backend;
    private readonly WhisperVocabulary _ids;
    private readonly WhisperTokenizer _tokenizer;
    private readonly WhisperWindowDecoder _decoder;
    private readonly WhisperTiming _timing;
    private readonly WhisperAudio _audio;
    private readonly WhisperOptions _options;
    private readonly string _language;
    private readonly IReadOnlyList<int> _start;
    private readonly IReadOnlyList<int> _initial;
    private readonly List<int> _said = [];
    private readonly List<(int Start, int End)> _clips;
    private int _clip;
    private int _seek;
    private int _promptFrom;
    private int _segments;
    private double _lastSpeech;
    private Tensor? _heard;

    /// <summary>Starts a transcription.</summary>
    /// <param name="model">Features and tokens.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="ids">The checkpoint's ids.</param>
    /// <param name="tokenizer">Gives the text.</param>
    /// <param name="decoder">Decodes a window.</param>
    /// <param name="timing">Finds the times of words.</param>
    /// <param name="audio">The recording.</param>
    /// <param name="options">Search, guards and rules.</param>
    /// <param name="language">What is spoken.</param>
    /// <param name="heard">Features of the recording's first window where they are known already; they are freed after it.</param>
    public WhisperRun(
        Whisper model, Backend backend, WhisperVocabulary ids, WhisperTokenizer tokenizer, WhisperWindowDecoder decoder, WhisperTiming timing, WhisperAudio audio, WhisperOptions options, string language, Tensor? heard)
    {
        (_model, _backend, _ids, _tokenizer, _decoder, _timing, _audio, _options, _language, _heard) = (model, backend, ids, tokenizer, decoder, timing, audio, options, language, heard);
        _start = ids.Start(language, options.Translate, options.Timestamps);
        _initial = options.InitialPrompt is { } prompt ? tokenizer.Encode(" " + prompt.Trim(), SpecialTokens.AsText) : [];
        _said.AddRange(_initial);
        _clips = options.Clips is { Count: > 0 } clips
            ? [.. clips.Select(c => (Frame(c.Start), Math.Min(c.End is { } end ? Frame(end) : audio.Frames, audio.Frames)))]
            : [(0, audio.Frames)];
        _seek = _clips[0].Start;
        Settle();
    }

    /// <summary>Whether any of the recording is left.</summary>
    public bool HasMore => _clip < _clips.Count;

    /// <summary>Seconds of the recording that are done.</summary>
    public double Done => Math.Min(_seek, _audio.Frames) / FramesPerSecond;

    /// <summary>Decodes the next window.</summary>
    public IReadOnlyList<TranscriptSegment> Next(CancellationToken cancel)
    {
        var size = Math.Min(_model.Config.WindowFrames, Math.Min(_audio.Frames, _clips[_clip].End) - _seek);
        var segments = Window(size, cancel);
        var final = segments.Select(s => s.ToSegment(_segments++)).ToArray();
        Settle();
        return final;
    }

    private static int Frame(double seconds) => (int)Math.Round(seconds * FramesPerSecond);

    private void Settle()
    {
        while (_clip < _clips.Count && _seek >= _clips[_clip].End)
        {
            if (++_clip < _clips.Count)
            {
                _seek = _clips[_clip].Start;
            }
        }
    }

    private List<DraftSegment> Window(int size, CancellationToken cancel)
    {
        using var scope = new TensorScope();
        using var heard = _heard;
        _heard = null;
        var isFirst = _seek == 0 && size == Math.Min(_model.Config.WindowFrames, _audio.Frames);
        var features = isFirst && heard is not null ? heard : TensorScope.Run(() => _model.Encoder.Forward(_audio.Window(_seek, size, _backend)));
        var result = Decode(features, cancel);
        if (result.IsSilence(_options))
        {
            _seek += size;
            return [];
        }

        var (window, offset) = (_seek, _seek / FramesPerSecond);
        var (segments, next, endsInSilence) = WhisperSegments.Split(result, _ids, _tokenizer, window, size, final: false);
        if (_options.WordTimestamps)
        {
            TimeWords(segments, features, offset, size);

            // Without time stamps a window is done as a whole; the reference would hear it again from its last word.
            if (_options.Timestamps && !endsInSilence && WhisperWords.LastEnd(segments) is { } end && end > offset)
            {
                next = Frame(end);
            }

            if (_options.HallucinationSilence is { } threshold
                && WhisperHallucinations.Check(segments, new WindowTimes(offset, (window + _model.Config.WindowFrames) / FramesPerSecond, size / FramesPerSecond, _audio.Frames / FramesPerSecond), endsInSilence, _lastSpeech, threshold) is { } verdict)
            {
                next = verdict.Seek is { } seconds ? Frame(seconds) : verdict.ToWindowEnd ? window + size : next;
                if (verdict.DropAll)
                {
                    Advance(window, next);
                    return [];
                }
            }

            _lastSpeech = WhisperWords.LastEnd(segments) ?? _lastSpeech;
        }

        foreach (var segment in segments.Where(s => s.Start == s.End || string.IsNullOrWhiteSpace(s.Text)))
        {
            segment.Clear();
        }

        _said.AddRange(segments.SelectMany(s => s.Tokens));
        if (!_options.ConditionOnPreviousText || result.Temperature > 0.5)
        {
            _promptFrom = _said.Count;
        }

        Advance(window, next);
        return segments;
    }

    /// <summary>A window that would be repeated for ever moves on instead.</summary>
    private void Advance(int window, int next) => _seek = next > window ? next : window + _model.Config.WindowFrames;

    private WindowResult Decode(Tensor features, CancellationToken cancel)
    {
        var previous = Previous();
        WindowResult? result = null;
        foreach (var temperature in _options.Ladder)
        {
            result = _decoder.Decode(features, [_seek], _start, previous, _options, temperature, cancel)[0];
            if (!result.NeedsFallback(_options))
            {
                break;
            }
        }

        return result!;
    }

    private List<int> Previous()
    {
        if (!_options.CarryInitialPrompt)
        {
            return [.. _said.Skip(_promptFrom)];
        }

        var room = (_model.Config.TextPositions / 2) - 1 - _initial.Count;
        var since = _said.Skip(Math.Max(_initial.Count, _promptFrom)).ToList();
        return [.. _initial, .. since.Skip(Math.Max(0, since.Count - Math.Max(room, 0)))];
    }

    private void TimeWords(List<DraftSegment> segments, Tensor features, double offset, int size)
    {
        var text = segments.SelectMany(s => s.Tokens).Where(t => t < _ids.EndOfText).ToArray();
        var words = _timing.Align(features, _start, text, _language, size);
        WhisperWords.Assign(segments, words, _ids.EndOfText, offset, _lastSpeech);
    }
}
