using Parley.Audio;
using Parley.Decoding;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

// Samples fill chunks. A closed gate keeps the last few chunks; when it opens, an utterance begins with them, and the model starts from nothing: what it
// says of an utterance is what it would say of that stretch alone. What the gate holds back does not move the model on, so the place of an utterance in
// the stream is that of its first chunk, and within an utterance no chunk is left out. Without a gate the first utterance begins with the stream, and
// when one ends the next goes on with the model's state.

/// <summary>One stream: takes sound in pieces of any size, gives events. Not for several threads at once; its memory is bounded by the longest utterance.</summary>
public sealed class StreamingSession : IDisposable
{
    private const double SecondsPerStep = 0.04;
    private const int ShortPauseSteps = 4;

    private readonly StreamingRecognizer _recognizer;
    private readonly StreamingOptions _options;
    private readonly StreamGate? _gate;
    private readonly CtcStreamDecoder _decoder;
    private readonly SpeedStreamState _state;
    private readonly LogMelState _melState;
    private readonly Queue<float[]> _preRoll = new();
    private readonly int _preRollChunks;
    private readonly float[] _piece;
    private readonly List<StreamingEvent> _events = [];
    private int _filled;
    private long _taken;
    private long _encoded;
    private long? _start;
    private (string Text, int Confirmed) _said = ("", 0);
    private int _finals;
    private bool _ended;

    /// <summary>Begins a stream.</summary>
    /// <param name="recognizer">The model.</param>
    /// <param name="options">Gate, rules, search.</param>
    /// <param name="chunksAtOnce">Chunks that the model hears together: more are faster and later, and say the same. With a gate: 1.</param>
    internal StreamingSession(StreamingRecognizer recognizer, StreamingOptions options, int chunksAtOnce = 1)
    {
        options.Validate();
        var config = recognizer.Model.Config;
        (_recognizer, _options) = (recognizer, options);
        _gate = options.Gate is { } gate ? new StreamGate(gate(), options) : null;
        _decoder = new CtcStreamDecoder(recognizer.Symbols.Texts, config.Blank, options.Decode, options.Agreement);
        _state = recognizer.Model.NewState(frames: chunksAtOnce * config.ChunkFrames);
        _melState = recognizer.FrontEnd.NewState();
        _preRollChunks = (int)Math.Ceiling(options.PreRoll * SpeechRecognizer.SampleRate / recognizer.ChunkSamples);
        _piece = new float[chunksAtOnce * recognizer.ChunkSamples];
    }

    /// <summary>Sound taken so far.</summary>
    public TimeSpan Taken => Time(_taken);

    /// <summary>Sound that the gate let pass to the model so far.</summary>
    public TimeSpan Encoded => Time(_encoded);

    /// <summary>Takes the next samples.</summary>
    /// <param name="samples">Mono, 16 kHz, ±1; any number.</param>
    /// <param name="cancel">Stops between chunks.</param>
    /// <returns>What there is to say, in order.</returns>
    public IReadOnlyList<StreamingEvent> Feed(ReadOnlySpan<float> samples, CancellationToken cancel = default)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        if (samples.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            throw new InvalidDataException($"stream: after {Taken.TotalSeconds:0.00} s the samples hold NaN or infinities");
        }

        _events.Clear();
        while (samples.Length > 0)
        {
            cancel.ThrowIfCancellationRequested();
            var count = Math.Min(samples.Length, _piece.Length - _filled);
            samples[..count].CopyTo(_piece.AsSpan(_filled));
            samples = samples[count..];
            (_filled, _taken) = (_filled + count, _taken + count);
            if (_filled == _piece.Length)
            {
                Hear(_piece, _taken - _piece.Length);
                _filled = 0;
            }
        }

        return [.. _events];
    }

    /// <summary>Ends the stream: the rest of its last chunk, and what the model still has to say.</summary>
    public IReadOnlyList<StreamingEvent> Finish(CancellationToken cancel = default)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        cancel.ThrowIfCancellationRequested();
        _ended = true;
        _events.Clear();
        if (_filled > 0)
        {
            var rest = (_filled + _recognizer.ChunkSamples - 1) / _recognizer.ChunkSamples * _recognizer.ChunkSamples;
            _piece.AsSpan(_filled..rest).Clear();
            Hear(_piece.AsSpan(0, rest), _taken - _filled);
        }

        if (_start is not null)
        {
            var tail = StreamingRecognizer.Padded([], _recognizer.Model.Config);
            for (var at = 0; at < tail.Length; at += _recognizer.ChunkSamples)
            {
                Encode(tail.AsSpan(at, _recognizer.ChunkSamples), _taken + at);
            }

            End(EndpointRule.EndOfStream, _taken);
        }

        return [.. _events];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ended = true;
        _state.Dispose();
    }

    /// <summary>Takes whole chunks that begin with sample <paramref name="from"/> of the stream.</summary>
    private void Hear(ReadOnlySpan<float> chunks, long from)
    {
        _gate?.Hear(chunks);
        if (_start is null && _gate is { IsOpen: false })
        {
            if (_preRollChunks > 0)
            {
                _preRoll.Enqueue(chunks.ToArray());
            }

            while (_preRoll.Count > _preRollChunks)
            {
                _preRoll.Dequeue();
            }

            return;
        }

        if (_start is null)
        {
            Begin(from - ((long)_preRoll.Count * _piece.Length));
        }

        Encode(chunks, from);
        if (_gate is { IsOpen: false })
        {
            End(EndpointRule.Pause, Math.Min(_taken, from + chunks.Length));
        }
    }

    private void Begin(long start)
    {
        _start = start;
        _state.Reset();
        _melState.Reset();
        for (; _preRoll.TryDequeue(out var chunk); start += chunk.Length)
        {
            Encode(chunk, start);
        }
    }

    /// <summary>Moves the model on by whole chunks, and says what it makes of each.</summary>
    private void Encode(ReadOnlySpan<float> chunks, long from)
    {
        using var scope = new TensorScope();
        var features = _recognizer.FrontEnd.Step(chunks, _melState);
        var logits = _recognizer.Model.Step(Tensor.From(features.Values, [1, features.Frames, features.Bins], _recognizer.Backend), _state).Contiguous();
        var scores = logits.Values;
        if (scores.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            throw new InvalidDataException("speedstream: what the model makes of these samples is not finite numbers; its weights hold NaN or infinities");
        }

        var (size, count) = (_recognizer.ChunkSamples, chunks.Length / _recognizer.ChunkSamples);
        _encoded += chunks.Length;
        for (var i = 0; i < count; i++)
        {
            var heard = Math.Min(_taken, from + ((i + 1L) * size));
            _decoder.Step(scores.Slice(i * (scores.Length / count), scores.Length / count));
            Say(heard);
            if (Rule() is { } rule)
            {
                End(rule, heard, goesOn: true);
            }
        }
    }

    private void Say(long heard)
    {
        var text = Text(_decoder.Best);
        var confirmed = Whole(_decoder.Confirmed == _decoder.Best.Count ? text : Text(_decoder.Best.Take(_decoder.Confirmed)));
        if ((text, confirmed) != _said)
        {
            _said = (text, confirmed);
            _events.Add(new StreamingEvent(StreamingEventKind.Partial, Time(_start!.Value), Time(heard), text, confirmed));
        }
    }

    private EndpointRule? Rule()
    {
        var (length, blank, isWordless) = (_decoder.Frames * SecondsPerStep, _decoder.BlankFrames * SecondsPerStep, _decoder.Best.Count == 0);
        return !isWordless && blank >= _options.NoMoreWords ? EndpointRule.NoMoreWords
            : length >= _options.MaxUtterance && (_decoder.BlankFrames >= ShortPauseSteps || length >= 1.25 * _options.MaxUtterance) ? EndpointRule.Length
            : null;
    }

    /// <summary>Says the final words of the utterance. When it <paramref name="goesOn"/>, the next begins here with the model's state.</summary>
    private void End(EndpointRule rule, long heard, bool goesOn = false)
    {
        var (start, config) = (_start!.Value, _recognizer.Model.Config);
        var length = (long)_decoder.Frames * SpeedStreamConfig.Subsampling * _recognizer.FrontEnd.Options.HopLength;
        var segments = new CtcSegments(_recognizer.Symbols.Words, _recognizer.Symbols.Spell, new CtcOptions(MaxPause: TimeSpan.MaxValue, MaxSegment: TimeSpan.MaxValue), SecondsPerStep);
        segments.Append(_decoder.Finish().Tokens, offset: 0);
        _start = goesOn ? start + length : null;
        _said = ("", 0);
        if (segments.Take(last: true).FirstOrDefault() is not { } segment)
        {
            return;
        }

        var (offset, text) = (Time(start), segment.Text.TrimStart(' '));
        _events.Add(new StreamingEvent(StreamingEventKind.Endpoint, offset, Time(heard), text, text.Length, rule));
        _events.Add(new StreamingEvent(StreamingEventKind.Final, offset, Time(heard), text, text.Length, Segment: segment with
        {
            Id = _finals++,
            Start = segment.Start + offset,
            End = segment.End + offset,
            Words = [.. segment.Words!.Select(word => word with { Start = word.Start + offset, End = word.End + offset })],
        }));
    }

    /// <summary>The words of symbols as the final text has them: pieces that spell nothing make no word.</summary>
    private string Text(IEnumerable<int> symbols)
    {
        var words = _recognizer.Symbols.Words([.. symbols.Select(id => new CtcToken(id, StartFrame: 0, EndFrame: 0, LogProb: 0))]);
        return string.Join(' ', words.Select(w => _recognizer.Symbols.Spell(w.Tokens.Select(t => t.Id))).Where(w => w.Length > 0));
    }

    /// <summary>Characters before the first that is not whole yet: a piece may be one byte of several.</summary>
    private static int Whole(string text) => text.AsSpan().TrimEnd('\uFFFD').Length;

    private static TimeSpan Time(long samples) => TimeSpan.FromSeconds((double)samples / SpeechRecognizer.SampleRate);
}
