using System.Text.Json;
using Parley.Audio;
using Parley.Decoding;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

// Long recordings are cut as for the other CTC models (CtcTranscriber): overlapping pieces, of which the scores near the edges are dropped. The front
// end normalises every piece by itself, as NeMo's buffered inference does. A transducer's search goes over the encoder's frames of all pieces at the
// end, since its prediction network knows no pieces.

/// <summary>A Conformer with a CTC head or as a transducer as the recogniser sees it: a folder of Parakeet, or a .nemo file.</summary>
internal sealed class ConformerSpeechModel : ISpeechModel, IAligner
{
    private const double LongestStretch = 30;

    private readonly Func<Tensor, Tensor> _hear;
    private readonly ConformerTransducer? _transducer;
    private readonly NemoMel _front;
    private readonly ConformerRate _rate;
    private readonly CtcSymbols _symbols;
    private readonly int _blank;
    private readonly Backend _backend;
    private readonly Lazy<CtcAligner> _aligner;

    private ConformerSpeechModel(ConformerCtc model, NemoMelOptions front, CtcSymbols symbols, Backend backend)
        : this(model.Encoder, x => model.Forward(x), model.Config.Blank, front, symbols, backend) => Type = model.Config.ModelType;

    private ConformerSpeechModel(ConformerTransducer model, NemoMelOptions front, CtcSymbols symbols, Backend backend)
        : this(model.Encoder, x => model.Hear(x), model.Config.Blank, front, symbols, backend) => (_transducer, Type) = (model, model.Config.ModelType);

    private ConformerSpeechModel(ConformerEncoder encoder, Func<Tensor, Tensor> hear, int blank, NemoMelOptions front, CtcSymbols symbols, Backend backend)
    {
        (_hear, _blank, _front, _symbols, _backend) = (hear, blank, new NemoMel(front), symbols, backend);
        _rate = new ConformerRate(encoder.Config, front.HopLength);
        _aligner = new Lazy<CtcAligner>(() => new CtcAligner(_symbols.Texts, _blank, (double)_rate.SamplesPerFrame / SpeechRecognizer.SampleRate));
    }

    private delegate void KeptRows(ReadOnlySpan<float> rows, int width, int offset);

    /// <summary>The <c>model_type</c>, also of a .nemo file.</summary>
    public string Type { get; private init; } = "";

    public static ConformerSpeechModel FromFolder(ModelFolder folder, JsonElement json, Checkpoint checkpoint, WeightsOptions options)
    {
        var config = ConformerCtcConfig.Parse(json);
        var model = Weights.Build(new CheckpointWeights(checkpoint), w => new ConformerCtc(w, config), options).Model;
        var symbols = CtcSymbols.FromTokenizerJson(folder, config.VocabSize, config.Blank);
        return new ConformerSpeechModel(model, ConformerFrontEnd.Read(folder, config.Encoder.MelBins), symbols, options.Backend);
    }

    public static ConformerSpeechModel TransducerFromFolder(ModelFolder folder, JsonElement json, Checkpoint checkpoint, WeightsOptions options)
    {
        var config = ConformerTransducerConfig.Parse(json);
        var model = Weights.Build(new CheckpointWeights(checkpoint), w => new ConformerTransducer(w, config), options).Model;
        var symbols = CtcSymbols.FromTokenizerJson(folder, config.VocabSize, config.Blank);
        return new ConformerSpeechModel(model, ConformerFrontEnd.Read(folder, config.Encoder.MelBins), symbols, options.Backend);
    }

    public static ConformerSpeechModel FromNemo(Checkpoint checkpoint, WeightsOptions options)
    {
        using var yaml = NemoYaml.Parse(checkpoint.Path, checkpoint.ReadFile("model_config.yaml", NemoYaml.MaxBytes));
        var nemo = NemoConfig.Parse(yaml.RootElement);
        var (source, symbols) = (new RenamedWeights(new CheckpointWeights(checkpoint), NemoNames.ToOurs), CtcSymbols.FromNemo(nemo, checkpoint));
        if (nemo.Ctc is { } ctc)
        {
            return new ConformerSpeechModel(Weights.Build(source, w => Skipping(w, new ConformerCtc(w, ctc)), options).Model, nemo.Front, symbols, options.Backend);
        }

        return new ConformerSpeechModel(Weights.Build(source, w => Skipping(w, new ConformerTransducer(w, nemo.Transducer!)), options).Model, nemo.Front, symbols, options.Backend);
    }

    // The window and the mel filters, which the front end computes; the second head of hybrid models.
    private static T Skipping<T>(Weights w, T model)
    {
        w.Ignore("preprocessor.");
        w.Ignore("ctc_decoder.");
        return model;
    }

    public IEnumerable<TranscriptSegment> Transcribe(
        ReadOnlyMemory<float> samples, TranscriptionOptions options, Action<string>? language, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        CtcSpeechModel.RefuseWhisper(options);
        if (options.Ctc is not null && _transducer?.Config.Durations is not null)
        {
            throw new ArgumentException("transducers with durations are decoded greedily only: no beam, language model or hotwords");
        }

        if (SpeechGate.Skips(options, samples))
        {
            return [];
        }

        var ctc = new CtcOptions(BatchSize: options.BatchSize, Words: options.WordTimestamps, Decode: options.Ctc);
        ctc.Validate();
        return options.Detector is { } detector
            ? CtcSpeechModel.Speech(samples, detector, piece => Run(piece, ctc, progress: null, cancel), progress)
            : Run(samples, ctc, progress, cancel);
    }

    public void Check(string word)
    {
        if (_transducer is not null)
        {
            throw new ArgumentException("this model is a transducer: it says symbols when it likes, so words have no times to be found; give a CTC model");
        }

        _aligner.Value.Check(word);
    }

    public AlignedText Align(ReadOnlyMemory<float> samples, IReadOnlyList<(string Word, int Line)> words, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        var chunks = CtcChunk.Cut(samples.Length, new CtcOptions(), _rate);
        var symbols = _symbols.Texts.Count;
        var scores = new float[checked((chunks.Count == 0 ? 0 : chunks[^1].FrameOffset + chunks[^1].EndKept) * symbols)];
        for (var i = 0; i < chunks.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            Hear(samples.Span, chunks, i, i + 1, (rows, width, offset) => rows.CopyTo(scores.AsSpan(offset * width)));
            progress?.Report(TimeSpan.FromSeconds((double)(chunks[i].Start + chunks[i].Samples) / SpeechRecognizer.SampleRate));
        }

        return _aligner.Value.Align(scores, TimeSpan.FromSeconds((double)samples.Length / SpeechRecognizer.SampleRate), words);
    }

    private IEnumerable<TranscriptSegment> Run(ReadOnlyMemory<float> samples, CtcOptions options, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        var chunks = CtcChunk.Cut(samples.Length, options, _rate);
        var segments = new CtcSegments(_symbols.Words, _symbols.Spell, options, (double)_rate.SamplesPerFrame / SpeechRecognizer.SampleRate);
        var search = _transducer is null ? Ctc(options, segments) : Transducer(_transducer, options, segments, cancel);
        for (var i = 0; i < chunks.Count;)
        {
            cancel.ThrowIfCancellationRequested();
            var (first, length) = (i, chunks[i].Samples);
            while (i < chunks.Count && i - first < options.BatchSize && chunks[i].Samples == length)
            {
                i++;
            }

            Hear(samples.Span, chunks, first, i, search.Take);
            search.Search(i == chunks.Count);
            foreach (var segment in segments.Take(last: i == chunks.Count))
            {
                yield return segment;
            }

            progress?.Report(TimeSpan.FromSeconds((double)(chunks[i - 1].Start + chunks[i - 1].Samples) / SpeechRecognizer.SampleRate));
        }
    }

    /// <summary>Each piece's scores greedily as they come, or stretches between pauses with a beam.</summary>
    private (KeptRows Take, Action<bool> Search) Ctc(CtcOptions options, CtcSegments segments)
    {
        if (options.Decode is null)
        {
            var greedy = new CtcGreedyDecoder(_blank);
            return ((rows, width, offset) => segments.Append(greedy.DecodeBest(rows, width).Tokens, offset), _ => { });
        }

        var (frames, symbols) = ((double)SpeechRecognizer.SampleRate / _rate.SamplesPerFrame, _symbols.Texts.Count);
        var pause = (options.MaxPause ?? TimeSpan.FromSeconds(0.8)).TotalSeconds;
        var stretches = new CtcStretches(symbols, symbol => symbol == _blank, (int)(pause * frames), (int)(LongestStretch * frames));
        var beam = new CtcBeamDecoder(_symbols.Texts, _blank, options.Decode);
        return ((rows, _, _) => stretches.Add(rows), last =>
        {
            foreach (var (offset, scores) in stretches.Take(last))
            {
                segments.Append(beam.Decode(scores, symbols)[0].Tokens, offset);
            }
        }
        );
    }

    /// <summary>All pieces together at the end, greedily or with a beam.</summary>
    private (KeptRows Take, Action<bool> Search) Transducer(ConformerTransducer model, CtcOptions options, CtcSegments segments, CancellationToken cancel)
    {
        var heard = new List<float>();
        return ((rows, _, _) => heard.AddRange(rows), last =>
        {
            if (!last)
            {
                return;
            }

            var utterance = new ConformerUtterance(model, [.. heard], _backend);
            var found = options.Decode is { } decode
                ? new TransducerBeamDecoder(_symbols.Texts, new TransducerDecodeOptions(decode.BeamSize, decode.Fusion)).Decode(utterance, cancel)[0]
                : new TransducerGreedyDecoder(model.Config.MaxSymbols).Decode(utterance, cancel);
            segments.Append(found.Tokens, offset: 0, joinsRuns: false);
        }
        );
    }

    /// <summary>Runs the model over pieces of one length and hands out what it makes of each one's kept frames, in order.</summary>
    private void Hear(ReadOnlySpan<float> samples, IReadOnlyList<CtcChunk> chunks, int first, int end, KeptRows keep)
    {
        using var scope = new TensorScope();
        var pieces = new Tensor[end - first];
        for (var i = first; i < end; i++)
        {
            var features = _front.Extract(samples.Slice(chunks[i].Start, chunks[i].Samples)).As(FeatureLayout.FramesFirst);
            pieces[i - first] = Tensor.From(features.Values, [1, features.Frames, features.Bins], _backend);
        }

        var y = _hear(Tensor.Concat(0, pieces)).Contiguous();
        var values = y.Values;
        var (frames, width) = (y.Shape[1], y.Shape[2]);
        if (values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            throw new InvalidDataException("conformer: what the model makes of these samples is not finite numbers; its weights, or the samples, hold NaN or infinities");
        }

        for (var i = first; i < end; i++)
        {
            var chunk = chunks[i];
            keep(values.Slice((((i - first) * frames) + chunk.FirstKept) * width, (Math.Min(chunk.EndKept, frames) - chunk.FirstKept) * width), width, chunk.FrameOffset + chunk.FirstKept);
        }
    }
}
