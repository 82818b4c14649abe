using System.Text.Json;
using Parley.Decoding;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>Trains a Conformer with CTC: log-mel features in, word pieces out. From nothing, the pieces are learnt from the training texts.</summary>
public sealed class ConformerTask : ConformerFamilyTask
{
    private readonly ConformerCtc _model;
    private readonly ConformerCtcConfig _config;

    /// <summary>Builds a new model, or opens the one to go on from.</summary>
    public ConformerTask(TrainingConfig config)
        : base(config)
    {
        _config = ConformerCtcConfig.Parse(Sizes);
        var pieces = Pieces(_config.VocabSize - 1);
        _config = From is null ? _config with { VocabSize = pieces + 1, Blank = pieces } : _config;
        _model = Build(_config.Encoder, w => new ConformerCtc(w, _config));
    }

    /// <inheritdoc/>
    public override BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass)
    {
        var (features, lengths, targets) = Batch(batch);
        var logits = _model.Forward(features, lengths, pass);
        var loss = CtcLoss.Compute(logits, [.. lengths.Select(_config.Encoder.FramesOf)], targets, _config.Blank, LossReduction.MeanVolume, zeroInfinity: true);
        return new BatchLoss(loss, Math.Max(1, targets.Sum(t => t.Length)));
    }

    /// <inheritdoc/>
    public override void Save(string folder) => Save(folder, JsonSerializer.Serialize(_config, ConformerJson.Default.ConformerCtcConfig));

    /// <inheritdoc/>
    private protected override IEnumerable<int> Read(Tensor features) =>
        new CtcGreedyDecoder(_config.Blank).DecodeBest(_model.Forward(features).ToArray(), _config.VocabSize).Tokens.Select(t => t.Id);
}
