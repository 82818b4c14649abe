using System.Text.Json;
using Parley.Decoding;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>Trains a Conformer transducer, RNN-T or with durations: log-mel features in, word pieces out. From nothing, the pieces are learnt from the training texts.</summary>
public sealed class ConformerTransducerTask : ITrainingTask
{
    private readonly ConformerData _data;
    private readonly ConformerTransducer _model;
    private readonly ConformerTransducerConfig _config;

    /// <summary>Builds a new model, or opens the one to go on from.</summary>
    public ConformerTransducerTask(TrainingConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        _data = new ConformerData(config);
        _config = ConformerTransducerConfig.Parse(_data.Sizes);
        var pieces = _data.Pieces(_config.VocabSize - 1);
        _config = _data.IsNew ? _config with { VocabSize = pieces + 1, Blank = pieces } : _config;
        (_model, Parameters) = _data.Build(_config.Encoder, w => new ConformerTransducer(w, _config));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public int SampleRate => SpeechRecognizer.SampleRate;

    /// <inheritdoc/>
    public int[] Encode(string text) => _data.Encode(text);

    /// <inheritdoc/>
    public TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random) => _data.Prepare(where, samples, targets, random);

    /// <inheritdoc/>
    public BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var (features, lengths, targets) = _data.Batch(batch);
        var loss = _model.Loss(features, lengths, targets, LossReduction.MeanVolume, zeroInfinity: true, pass);
        return new BatchLoss(loss, Math.Max(1, targets.Sum(t => t.Length)));
    }

    /// <inheritdoc/>
    public string Transcribe(ReadOnlyMemory<float> samples)
    {
        if (_data.Hear(samples.Span) is not { } features)
        {
            return "";
        }

        var utterance = new ConformerUtterance(_model, _model.Hear(features).ToArray(), Backend.Default);
        return _data.Decode(new TransducerGreedyDecoder(_config.MaxSymbols).Decode(utterance).Tokens.Select(t => t.Id));
    }

    /// <inheritdoc/>
    public void Save(string folder) => _data.Save(folder, Parameters, JsonSerializer.Serialize(_config, ConformerJson.Default.ConformerTransducerConfig));

    /// <inheritdoc/>
    public void Dispose() => _data.Dispose();
}
