using System.Text.Json;
using Parley.Audio;
using Parley.Decoding;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

// Long recordings are cut into pieces that overlap; the scores of the overlaps are dropped, so that every frame kept was heard with context on
// both sides (transformers' automatic-speech-recognition pipeline, chunk_iter and rescale_stride). Pieces of one length go through the model
// together and none is ever padded: what a piece gives does not depend on its neighbours in the batch, whatever the model does with padding.

/// <summary>Recordings of any length to text with a CTC model. One instance serves any number of threads.</summary>
public sealed class CtcTranscriber
{
    private const double LongestStretch = 30;

    private readonly CtcModel _model;
    private readonly CtcVocabulary _vocabulary;
    private readonly ICtcDecoder _decoder;
    private readonly Backend _backend;
    private readonly bool _normalise;
    private Tuple<CtcDecodeOptions, CtcBeamDecoder>? _lastBeam;

    /// <summary>Puts a model and its vocabulary together.</summary>
    /// <param name="model">The model.</param>
    /// <param name="vocabulary">What its symbols spell.</param>
    /// <param name="normalise">Whether it was trained on waveforms of zero mean and unit variance (do_normalize).</param>
    /// <param name="backend">What the model computes on; null: <see cref="Backend.Default"/>.</param>
    /// <param name="decoder">Search; null: greedy.</param>
    public CtcTranscriber(CtcModel model, CtcVocabulary vocabulary, bool normalise = true, Backend? backend = null, ICtcDecoder? decoder = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(vocabulary);
        (_model, _vocabulary, _normalise, _backend) = (model, vocabulary, normalise, backend ?? Backend.Default);
        _decoder = decoder ?? new CtcGreedyDecoder(model.Config.Blank);
    }

    /// <summary>Loads a published folder: configuration, checkpoint, vocabulary and preprocessor settings.</summary>
    public static CtcTranscriber Load(string path, WeightsOptions? options = null)
    {
        var folder = new ModelFolder(path);
        options ??= new WeightsOptions();
        return new CtcTranscriber(CtcModel.Load(path, options), CtcVocabulary.Load(path), Normalises(folder), options.Backend);
    }

    /// <summary>The whole text of 16 kHz samples.</summary>
    public Transcript Transcribe(ReadOnlyMemory<float> samples, CtcOptions? options = null, CancellationToken cancel = default)
    {
        TranscriptSegment[] segments = [.. TranscribeSegments(samples, options, progress: null, cancel)];
        var duration = TimeSpan.FromSeconds((double)samples.Length / Wav2Vec2Config.SampleRate);
        return new Transcript(string.Concat(segments.Select(s => s.Text)).Trim(), Language: null, segments, duration);
    }

    /// <summary>Segments as soon as they are final.</summary>
    /// <param name="samples">Mono, 16 kHz.</param>
    /// <param name="options">Pieces and segments; null: the defaults.</param>
    /// <param name="progress">Told how much of the recording is done.</param>
    /// <param name="cancel">Stops between batches; segments already given are final.</param>
    public IEnumerable<TranscriptSegment> TranscribeSegments(
        ReadOnlyMemory<float> samples, CtcOptions? options = null, IProgress<TimeSpan>? progress = null, CancellationToken cancel = default)
    {
        options ??= new CtcOptions();
        options.Validate();
        return Run(samples, options, progress, cancel);
    }

    /// <summary>Scores of all symbols in every frame of a recording [frames, symbols].</summary>
    internal float[] Scores(ReadOnlyMemory<float> samples, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        var chunks = CtcChunk.Cut(samples.Length, new CtcOptions(), _model.Config);
        var scores = new float[checked((chunks.Count == 0 ? 0 : chunks[^1].FrameOffset + chunks[^1].EndKept) * _model.Config.VocabSize)];
        for (var i = 0; i < chunks.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            Hear(samples.Span, chunks, i, i + 1, (kept, offset) => kept.CopyTo(scores.AsSpan(offset * _model.Config.VocabSize)));
            progress?.Report(TimeSpan.FromSeconds((double)(chunks[i].Start + chunks[i].Samples) / Wav2Vec2Config.SampleRate));
        }

        return scores;
    }

    /// <summary>Alignment with the model's symbols.</summary>
    internal CtcAligner Aligner() => new(
        SymbolTexts.Of(_vocabulary, _model.Config.VocabSize), _model.Config.Blank, (double)_model.Config.SamplesPerFrame / Wav2Vec2Config.SampleRate);

    private IEnumerable<TranscriptSegment> Run(ReadOnlyMemory<float> samples, CtcOptions options, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        var chunks = CtcChunk.Cut(samples.Length, options, _model.Config);
        var segments = new CtcSegments(_vocabulary, options, (double)_model.Config.SamplesPerFrame / Wav2Vec2Config.SampleRate);
        var stretches = options.Decode is null ? null : Stretches(options);
        for (var i = 0; i < chunks.Count;)
        {
            cancel.ThrowIfCancellationRequested();
            var (first, length) = (i, chunks[i].Samples);
            while (i < chunks.Count && i - first < options.BatchSize && chunks[i].Samples == length)
            {
                i++;
            }

            Hear(samples.Span, chunks, first, i, (scores, offset) =>
            {
                if (stretches is null)
                {
                    segments.Append(_decoder.Decode(scores, _model.Config.VocabSize)[0].Tokens, offset);
                }
                else
                {
                    stretches.Add(scores);
                }
            });
            foreach (var (offset, scores) in stretches?.Take(last: i == chunks.Count) ?? [])
            {
                cancel.ThrowIfCancellationRequested();
                segments.Append(Beam(options.Decode!).Decode(scores, _model.Config.VocabSize)[0].Tokens, offset);
            }

            foreach (var segment in segments.Take(last: i == chunks.Count))
            {
                yield return segment;
            }

            var done = chunks[i - 1].Start + chunks[i - 1].Samples;
            progress?.Report(TimeSpan.FromSeconds((double)done / Wav2Vec2Config.SampleRate));
        }
    }

    /// <summary>Runs the model over pieces of one length and hands out the scores of each one's kept frames, in order.</summary>
    private void Hear(ReadOnlySpan<float> samples, IReadOnlyList<CtcChunk> chunks, int first, int end, KeptScores keep)
    {
        using var scope = new TensorScope();
        var length = chunks[first].Samples;
        var waveforms = new float[(end - first) * length];
        for (var i = first; i < end; i++)
        {
            var piece = samples.Slice(chunks[i].Start, length);
            var target = waveforms.AsSpan((i - first) * length, length);
            if (_normalise)
            {
                Wav2Vec2Input.Normalize(piece, length, target);
            }
            else
            {
                piece.CopyTo(target);
            }
        }

        var logits = _model.Forward(Tensor.From(waveforms, [end - first, length], _backend));
        var values = logits.Values;
        var (frames, symbols) = (logits.Shape[1], logits.Shape[2]);
        if (values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            throw new InvalidDataException("ctc: the model's scores are not finite numbers; its weights, or the samples, hold NaN or infinities");
        }

        for (var i = first; i < end; i++)
        {
            var chunk = chunks[i];
            var kept = values.Slice((((i - first) * frames) + chunk.FirstKept) * symbols, (Math.Min(chunk.EndKept, frames) - chunk.FirstKept) * symbols);
            keep(kept, chunk.FrameOffset + chunk.FirstKept);
        }
    }

    private CtcStretches Stretches(CtcOptions options)
    {
        var frames = (double)Wav2Vec2Config.SampleRate / _model.Config.SamplesPerFrame;
        bool IsSilent(int symbol) => symbol == _model.Config.Blank || _vocabulary.IsDelimiter(symbol);
        return new CtcStretches(_model.Config.VocabSize, IsSilent, (int)((options.MaxPause ?? TimeSpan.FromSeconds(0.8)).TotalSeconds * frames), (int)(LongestStretch * frames));
    }

    /// <summary>The decoder of some options; that of the last ones is kept, since sorting a language model's words takes time.</summary>
    private CtcBeamDecoder Beam(CtcDecodeOptions options)
    {
        var last = Volatile.Read(ref _lastBeam);
        if (last is null || !ReferenceEquals(last.Item1, options))
        {
            last = Tuple.Create(options, new CtcBeamDecoder(SymbolTexts.Of(_vocabulary, _model.Config.VocabSize), _model.Config.Blank, options));
            Volatile.Write(ref _lastBeam, last);
        }

        return last.Item2;
    }

    private delegate void KeptScores(ReadOnlySpan<float> scores, int offset);

    /// <summary>Whether a folder's preprocessor gives waveforms zero mean and unit variance.</summary>
    internal static bool Normalises(ModelFolder folder)
    {
        using var json = folder.PreprocessorConfig();
        if (json is null)
        {
            return true;
        }

        if (json.RootElement.TryGetProperty("sampling_rate", out var rate) && !(rate.ValueKind == JsonValueKind.Number && rate.TryGetDouble(out var hertz) && hertz == Wav2Vec2Config.SampleRate))
        {
            throw new InvalidDataException($"{folder["preprocessor_config.json"]}: sampling_rate is {rate}; only {Wav2Vec2Config.SampleRate} is supported");
        }

        return !json.RootElement.TryGetProperty("do_normalize", out var normalise) || normalise.ValueKind != JsonValueKind.False;
    }
}
