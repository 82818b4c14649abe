using System.Text.Json;
using Parley.Decoding;
using Parley.Models;
using Parley.Nn;

namespace Parley.Training;

/// <summary>Trains a Conformer with CTC: log-mel features in, word pieces out. From nothing, the pieces are learnt from the training texts.</summary>
public sealed class ConformerTask : ITrainingTask
{
    private readonly ConformerData _data;
    private readonly ConformerCtc _model;
    private readonly ConformerCtcConfig _config;

    /// <summary>Builds a new model, or opens the one to go on from.</summary>
    public ConformerTask(TrainingConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        _data = new ConformerData(config);
        _config = ConformerCtcConfig.Parse(_data.Sizes);
        var pieces = _data.Pieces(_config.VocabSize - 1);
        _config = _data.IsNew ? _config with { VocabSize = pieces + 1, Blank = pieces } : _config;
        (_model, Parameters) = _data.Build(_config.Encoder, w => new ConformerCtc(w, _config));
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
        var logits = _model.Forward(features, lengths, pass);
        var symbols = Math.Max(1, targets.Sum(t => t.Length));
        var loss = CtcLoss.Compute(logits, [.. lengths.Select(_config.Encoder.FramesOf)], targets, _config.Blank, LossReduction.MeanVolume, zeroInfinity: true);
        return new BatchLoss(loss, symbols);
    }

    /// <inheritdoc/>
    public string Transcribe(ReadOnlyMemory<float> samples)
    {
        if (_data.Hear(samples.Span) is not { } features)
        {
            return "";
        }

        var logits = _model.Forward(features).ToArray();
        return _data.Decode(new CtcGreedyDecoder(_config.Blank).DecodeBest(logits, _config.VocabSize).Tokens.Select(t => t.Id));
    }

    /// <inheritdoc/>
    public void Save(string folder) => _data.Save(folder, Parameters, JsonSerializer.Serialize(_config, ConformerJson.Default.ConformerCtcConfig));

    /// <inheritdoc/>
    public void Dispose() => _data.Dispose();
}
