using System.Text.Json;
using Parley.Audio;
using Parley.Decoding;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

// Long recordings are cut as for the other CTC models (CtcTranscriber): overlapping pieces, of which the scores near the edges are dropped. The front
// end normalises every piece by itself, as NeMo's buffered inference does.

/// <summary>A Conformer with a CTC head as the recogniser sees it: a folder of Parakeet, or a .nemo file.</summary>
internal sealed class ConformerSpeechModel : ISpeechModel
{
    private readonly ConformerCtc _model;
    private readonly NemoMel _front;
    private readonly ConformerRate _rate;
    private readonly CtcSymbols _symbols;
    private readonly CtcGreedyDecoder _decoder;
    private readonly Backend _backend;

    private ConformerSpeechModel(ConformerCtc model, NemoMelOptions front, CtcSymbols symbols, Backend backend)
    {
        (_model, _front, _symbols, _backend) = (model, new NemoMel(front), symbols, backend);
        _rate = new ConformerRate(model.Config.Encoder, front.HopLength);
        _decoder = new CtcGreedyDecoder(model.Config.Blank);
    }

    public static ConformerSpeechModel FromFolder(ModelFolder folder, JsonElement json, Checkpoint checkpoint, WeightsOptions options)
    {
        var config = ConformerCtcConfig.Parse(json);
        var model = Weights.Build(new CheckpointWeights(checkpoint), w => new ConformerCtc(w, config), options).Model;
        return new ConformerSpeechModel(model, Front(folder, config.Encoder.MelBins), CtcSymbols.FromTokenizerJson(folder, config.Blank), options.Backend);
    }

    public static ConformerSpeechModel FromNemo(Checkpoint checkpoint, WeightsOptions options)
    {
        using var yaml = NemoYaml.Parse(checkpoint.Path, checkpoint.ReadFile("model_config.yaml", NemoYaml.MaxBytes));
        var nemo = NemoConfig.Parse(yaml.RootElement);
        var config = nemo.Ctc ?? throw new InvalidDataException($"{checkpoint.Path}: a transducer; only CTC models transcribe yet");
        var source = new RenamedWeights(new CheckpointWeights(checkpoint), NemoNames.ToOurs);
        var model = Weights.Build(source, w =>
        {
            // The window and the mel filters, which the front end computes.
            w.Ignore("preprocessor.");
            return new ConformerCtc(w, config);
        }, options).Model;
        return new ConformerSpeechModel(model, nemo.Front, CtcSymbols.FromNemo(nemo, checkpoint), options.Backend);
    }

    public IEnumerable<TranscriptSegment> Transcribe(
        ReadOnlyMemory<float> samples, TranscriptionOptions options, Action<string>? language, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        CtcSpeechModel.RefuseWhisper(options);
        if (SpeechGate.Skips(options, samples))
        {
            return [];
        }

        var ctc = new CtcOptions(BatchSize: options.BatchSize, Words: options.WordTimestamps);
        ctc.Validate();
        return options.Detector is { } detector
            ? CtcSpeechModel.Speech(samples, detector, piece => Run(piece, ctc, progress: null, cancel), progress)
            : Run(samples, ctc, progress, cancel);
    }

    private IEnumerable<TranscriptSegment> Run(ReadOnlyMemory<float> samples, CtcOptions options, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        var chunks = CtcChunk.Cut(samples.Length, options, _rate);
        var segments = new CtcSegments(_symbols.Words, _symbols.Spell, options, (double)_rate.SamplesPerFrame / SpeechRecognizer.SampleRate);
        for (var i = 0; i < chunks.Count;)
        {
            cancel.ThrowIfCancellationRequested();
            var (first, length) = (i, chunks[i].Samples);
            while (i < chunks.Count && i - first < options.BatchSize && chunks[i].Samples == length)
            {
                i++;
            }

            Decode(samples.Span, chunks, first, i, segments);
            foreach (var segment in segments.Take(last: i == chunks.Count))
            {
                yield return segment;
            }

            progress?.Report(TimeSpan.FromSeconds((double)(chunks[i - 1].Start + chunks[i - 1].Samples) / SpeechRecognizer.SampleRate));
        }
    }

    private void Decode(ReadOnlySpan<float> samples, IReadOnlyList<CtcChunk> chunks, int first, int end, CtcSegments segments)
    {
        using var scope = new TensorScope();
        var pieces = new Tensor[end - first];
        for (var i = first; i < end; i++)
        {
            var features = _front.Extract(samples.Slice(chunks[i].Start, chunks[i].Samples)).As(FeatureLayout.FramesFirst);
            pieces[i - first] = Tensor.From(features.Values, [1, features.Frames, features.Bins], _backend);
        }

        var logits = _model.Forward(Tensor.Concat(0, pieces)).Contiguous();
        var (values, frames, symbols) = (logits.Values, logits.Shape[1], logits.Shape[2]);
        if (values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            throw new InvalidDataException("ctc: the model's scores are not finite numbers; its weights, or the samples, hold NaN or infinities");
        }

        for (var i = first; i < end; i++)
        {
            var chunk = chunks[i];
            var kept = values.Slice((((i - first) * frames) + chunk.FirstKept) * symbols, (Math.Min(chunk.EndKept, frames) - chunk.FirstKept) * symbols);
            segments.Append(_decoder.DecodeBest(kept, symbols).Tokens, chunk.FrameOffset + chunk.FirstKept);
        }
    }

    private static NemoMelOptions Front(ModelFolder folder, int mels)
    {
        using var json = folder.Json("preprocessor_config.json");
        var node = new NemoNode(json.RootElement, folder["preprocessor_config.json"]);
        if (node.Int("sampling_rate", 16000) is var rate && rate != SpeechRecognizer.SampleRate)
        {
            throw node.Bad("sampling_rate", $"is {rate}; only {SpeechRecognizer.SampleRate} is supported");
        }

        if (node.Int("feature_size", mels) != mels)
        {
            throw node.Bad("feature_size", $"is not the {mels} bands that the model hears");
        }

        return new NemoMelOptions(mels, rate, node.Int("n_fft", 512), node.Int("hop_length", 160), node.Int("win_length", 400), node.Real("preemphasis", 0.97f));
    }
}
