using System.Text.Json;
using Parley.Decoding;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>Trains a Conformer transducer, RNN-T or with durations: log-mel features in, word pieces out. From nothing, the pieces are learnt from the training texts.</summary>
public sealed class ConformerTransducerTask : ConformerFamilyTask
{
    private readonly ConformerTransducer _model;
    private readonly ConformerTransducerConfig _config;

    /// <summary>Builds a new model, or opens the one to go on from.</summary>
    public ConformerTransducerTask(TrainingConfig config)
        : base(config)
    {
        _config = ConformerTransducerConfig.Parse(Sizes);
        var pieces = Pieces(_config.VocabSize - 1);
        _config = From is null ? _config with { VocabSize = pieces + 1, Blank = pieces } : _config;
        _model = Build(_config.Encoder, w => new ConformerTransducer(w, _config));
    }

    /// <inheritdoc/>
    public override BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass)
    {
        var (features, lengths, targets) = Batch(batch);
        var loss = _model.Loss(features, lengths, targets, LossReduction.MeanVolume, zeroInfinity: true, pass);
        return new BatchLoss(loss, Math.Max(1, targets.Sum(t => t.Length)));
    }

    /// <inheritdoc/>
    public override void Save(string folder) => Save(folder, JsonSerializer.Serialize(_config, ConformerJson.Default.ConformerTransducerConfig));

    /// <inheritdoc/>
    private protected override IEnumerable<int> Read(Tensor features)
    {
        var utterance = new ConformerUtterance(_model, _model.Hear(features).ToArray(), Backend.Default);
        return new TransducerGreedyDecoder(_config.MaxSymbols).Decode(utterance).Tokens.Select(t => t.Id);
    }
}
