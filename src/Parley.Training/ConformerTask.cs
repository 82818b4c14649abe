using System.Text.Json;
using Parley.Audio;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Training;

/// <summary>Trains a Conformer with CTC: log-mel features in, word pieces out. From nothing, the pieces are learnt from the training texts.</summary>
public sealed class ConformerTask : ITrainingTask
{
    private readonly ConformerCtc _model;
    private readonly ConformerCtcConfig _config;
    private readonly BpeTokenizer _tokenizer;
    private readonly string _tokenizerJson;
    private readonly NemoMel _mel;
    private readonly AugmentSettings _augment;
    private readonly Checkpoint? _checkpoint;

    /// <summary>Builds a new model, or opens the one to go on from.</summary>
    public ConformerTask(TrainingConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        _augment = config.Augment ?? new AugmentSettings();
        var frozen = NamePatterns.Of(config.Model.Freeze);
        var options = new WeightsOptions(trains: name => !frozen(name));
        if (config.Model.From is { } from)
        {
            var folder = new ModelFolder(from);
            using var json = folder.Config();
            _config = ConformerCtcConfig.Parse(json.RootElement);
            _tokenizerJson = File.ReadAllText(folder["tokenizer.json"]);
            _checkpoint = Checkpoint.Open(from);
            (_model, Parameters) = Weights.Build(new CheckpointWeights(_checkpoint), w => new ConformerCtc(w, _config), options);
        }
        else
        {
            var wanted = ConformerCtcConfig.Parse(config.Model.Config ?? throw new InvalidDataException("model: give \"from\", a folder to go on from, or \"config\", the sizes of a new model"));
            (_tokenizerJson, var size) = Pieces(config, wanted.VocabSize - 1);
            _config = wanted with { VocabSize = size + 1, Blank = size };
            (_model, Parameters) = Weights.Build(new RandomWeights(config.Seed), w => new ConformerCtc(w, _config), options);
        }

        _tokenizer = BpeTokenizer.FromTokenizerJson("tokenizer.json", System.Text.Encoding.UTF8.GetBytes(_tokenizerJson));
        _mel = new NemoMel(new NemoMelOptions(_config.Encoder.MelBins));
    }

    /// <inheritdoc/>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public int SampleRate => SpeechRecognizer.SampleRate;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        try
        {
            return [.. _tokenizer.Encode(text)];
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random)
    {
        var features = _mel.Extract(samples).As(FeatureLayout.FramesFirst);
        if (random is not null)
        {
            SpecAugment.Apply(
                features.Values, features.Bins, _augment.FrequencyMasks, _augment.FrequencyWidth, _augment.TimeMasks, _augment.TimeShare, random.NextSeed);
        }

        return new TrainingExample(where, features.Values, features.Frames, targets);
    }

    /// <inheritdoc/>
    public BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var (bins, longest) = (_config.Encoder.MelBins, batch.Max(e => e.Frames));
        var features = new float[batch.Count * longest * bins];
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Features.CopyTo(features, i * longest * bins);
        }

        int[] lengths = [.. batch.Select(e => e.Frames)];
        int[][] targets = [.. batch.Select(e => e.Targets)];
        var logits = _model.Forward(Tensor.From(features, [batch.Count, longest, bins], Backend.Default), lengths, pass);
        var symbols = Math.Max(1, targets.Sum(t => t.Length));
        var loss = CtcLoss.Compute(logits, [.. lengths.Select(_config.Encoder.FramesOf)], targets, _config.Blank, CtcReduction.Sum, zeroInfinity: true);
        return new BatchLoss(loss * (1f / symbols), symbols);
    }

    /// <inheritdoc/>
    public string Transcribe(ReadOnlyMemory<float> samples)
    {
        var example = Prepare("", samples.Span, [], random: null);
        if (example.Frames == 0)
        {
            return "";
        }

        var logits = _model.Forward(Tensor.From(example.Features, [1, example.Frames, _config.Encoder.MelBins], Backend.Default));
        var (best, last) = (new List<int>(), _config.Blank);
        foreach (var id in logits.ArgMax().Values)
        {
            if (id != last && id != _config.Blank)
            {
                best.Add(id);
            }

            last = id;
        }

        return _tokenizer.Decode([.. best]);
    }

    /// <inheritdoc/>
    public void Save(string folder) => SavedModel.Write(
        folder, Parameters, ("config.json", JsonSerializer.Serialize(_config, ConformerJson.Default.ConformerCtcConfig)), ("tokenizer.json", _tokenizerJson));

    /// <inheritdoc/>
    public void Dispose() => _checkpoint?.Dispose();

    /// <summary>The pieces of the run, learnt once: a resumed run reads what the first wrote.</summary>
    internal static (string Json, int Size) Pieces(TrainingConfig config, int size)
    {
        var path = Path.Combine(config.Output, "tokenizer.json");
        if (!File.Exists(path))
        {
            var learnt = BpeTrainer.Train(config.Data.Train.SelectMany(m => ManifestEntry.Read(m)).Select(e => e.Text), size);
            Directory.CreateDirectory(config.Output);
            File.WriteAllText(path + ".part", learnt.ToJson());
            File.Move(path + ".part", path);
        }

        var json = File.ReadAllText(path);
        return (json, BpeTokenizer.FromTokenizerJson(path, System.Text.Encoding.UTF8.GetBytes(json)).VocabSize);
    }
}
