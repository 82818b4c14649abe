namespace Parley.Decoding;

/// <summary>Reads an utterance while it is being spoken. After every piece there is a best reading; its confirmed beginning only grows and is never taken back.</summary>
/// <remarks>
/// What the last few best readings have in common is confirmed, and readings of the beam that begin otherwise are dropped, so that the promise holds
/// (the partial hypotheses of reference recognisers agree only usually). Greedy decoding changes no symbol once said: all of it is confirmed.
/// </remarks>
public sealed class CtcStreamDecoder
{
    private readonly SymbolTexts _texts;
    private readonly int _blank;
    private readonly int _agreement;
    private readonly CtcDecodeOptions? _options;
    private readonly WordFusion? _fusion;
    private readonly Queue<int[]> _partials = new();
    private readonly List<float> _logProbs = [];
    private CtcGreedyRun _greedy;
    private CtcBeam? _beam;

    /// <summary>Makes a decoder for one stream.</summary>
    /// <param name="texts">What the symbols spell.</param>
    /// <param name="blank">Id of the blank.</param>
    /// <param name="options">Beam search; null: greedy.</param>
    /// <param name="agreement">Best readings, one a piece, that must agree for a beginning to be confirmed.</param>
    public CtcStreamDecoder(SymbolTexts texts, int blank, CtcDecodeOptions? options = null, int agreement = 3)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentOutOfRangeException.ThrowIfLessThan(agreement, 1);
        if ((uint)blank >= (uint)texts.Count)
        {
            throw new ArgumentException($"ctc: blank {blank} is outside 0..{texts.Count - 1}");
        }

        options?.Validate();
        (_texts, _blank, _options, _agreement) = (texts, blank, options, agreement);
        _fusion = options is null ? null : new WordFusion(texts, options.Fusion ?? new FusionOptions());
        (_greedy, _beam) = (new CtcGreedyRun(blank), Beam());
    }

    /// <summary>Symbols of the best reading.</summary>
    public IReadOnlyList<int> Best { get; private set; } = [];

    /// <summary>How many of them are confirmed.</summary>
    public int Confirmed { get; private set; }

    /// <summary>Frames of this utterance.</summary>
    public int Frames { get; private set; }

    /// <summary>Frames since the blank was last not the most probable symbol.</summary>
    public int BlankFrames { get; private set; }

    /// <summary>Hears a piece.</summary>
    /// <param name="logits">Unnormalised scores or log posteriors [frames, symbols] in row-major order.</param>
    public void Step(ReadOnlySpan<float> logits)
    {
        var symbols = _texts.Count;
        if (logits.Length % symbols != 0)
        {
            throw new ArgumentException($"ctc: {logits.Length} scores are no whole frames of {symbols} symbols");
        }

        Span<float> logProbs = new float[_beam is null ? 0 : symbols];
        for (var start = 0; start < logits.Length; start += symbols)
        {
            var frame = logits.Slice(start, symbols);
            (Frames, BlankFrames) = (Frames + 1, IsBlank(frame) ? BlankFrames + 1 : 0);
            if (_beam is null)
            {
                _greedy.Step(frame);
                continue;
            }

            LogMath.Normalise(frame, logProbs);
            _logProbs.AddRange(logProbs);
            _beam.Step(logProbs);
        }

        if (_beam is null)
        {
            Best = _greedy.Symbols;
            Confirmed = Best.Count;
        }
        else
        {
            Confirm(_beam.Best());
        }
    }

    /// <summary>Ends the utterance: its reading, which begins with what was confirmed. The next frame begins another.</summary>
    public CtcHypothesis Finish()
    {
        var reading = _beam is null
            ? _greedy.Finish()
            : CtcBeamDecoder.Readings(_beam.Finish(), System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_logProbs), _texts, _blank, most: 1)[0];
        (_greedy, _beam) = (new CtcGreedyRun(_blank), Beam());
        (Best, Confirmed, Frames, BlankFrames) = ([], 0, 0, 0);
        _partials.Clear();
        _logProbs.Clear();
        return reading;
    }

    private CtcBeam? Beam() => _fusion is null ? null : new CtcBeam(_fusion, _texts, _blank, _options!);

    private void Confirm(int[] best)
    {
        Best = best;
        _partials.Enqueue(best);
        if (_partials.Count < _agreement)
        {
            return;
        }

        var shared = _partials.Aggregate(best.Length, (length, partial) => Math.Min(length, best.AsSpan().CommonPrefixLength(partial)));
        _partials.Dequeue();
        if (shared > Confirmed)
        {
            Confirmed = shared;
            _beam!.Keep(best.AsSpan(0, shared));
        }
    }

    private bool IsBlank(ReadOnlySpan<float> frame)
    {
        foreach (var score in frame)
        {
            if (score > frame[_blank])
            {
                return false;
            }
        }

        return true;
    }
}
