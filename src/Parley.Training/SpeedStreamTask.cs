using System.Text.Json;
using Parley.Audio;
using Parley.Decoding;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Training;

/// <summary>Trains a SpeedStream with CTC over whole utterances: being causal, it streams as it was trained. From nothing, its pieces are learnt from the training texts.</summary>
/// <remarks>In a stream an utterance comes out of near-silence and falls back into it, so in training some is put around each, as long and as loud as drawn.</remarks>
public sealed class SpeedStreamTask : ITrainingTask
{
    private const double MostLead = 0.4;

    // A stream ends with so much silence: what has just been spoken may be said then.
    private const double LeastTail = 0.16;
    private const double MostTail = 0.6;
    private const int MostMeasured = 300;
    private const double LeastDeviation = 0.5;
    private const double QuietestDecibels = -90;
    private const double LoudestDecibels = -55;

    private readonly SpeedStream _model;
    private readonly SpeedStreamConfig _config;
    private readonly BpeTokenizer _tokenizer;
    private readonly string _tokenizerJson;
    private readonly StreamingLogMel _mel;
    private readonly float[] _means;
    private readonly AugmentSettings _augment;
    private readonly Checkpoint? _checkpoint;

    /// <summary>Builds a new model, or opens the one to go on from.</summary>
    public SpeedStreamTask(TrainingConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        _augment = config.Augment ?? new AugmentSettings();
        var frozen = NamePatterns.Of(config.Model.Freeze);
        var options = new WeightsOptions(trains: name => !frozen(name));
        if (config.Model.From is { } from)
        {
            var folder = new ModelFolder(from);
            using var json = folder.Config();
            _config = SpeedStreamConfig.Parse(json.RootElement);
            _mel = new StreamingLogMel(new StreamingLogMelOptions(_config.MelBins));
            _tokenizerJson = File.ReadAllText(folder["tokenizer.json"]);
            _checkpoint = Checkpoint.Open(from);
            (_model, Parameters) = Weights.Build(new CheckpointWeights(_checkpoint), w => new SpeedStream(w, _config), options);
        }
        else
        {
            var wanted = SpeedStreamConfig.Parse(config.Model.Config ?? throw new InvalidDataException("model: give \"from\", a folder to go on from, or \"config\", the sizes of a new model"));
            using var data = new ConformerData(config);
            var size = data.Pieces(wanted.VocabSize - 1);
            _tokenizerJson = data.TokenizerJson;
            _mel = new StreamingLogMel(new StreamingLogMelOptions(wanted.MelBins));
            var (mean, deviation) = wanted.FeatureMean is null || wanted.FeatureDeviation is null ? Statistics(config) : (wanted.FeatureMean, wanted.FeatureDeviation);
            _config = wanted with { VocabSize = size + 1, Blank = size, FeatureMean = mean, FeatureDeviation = deviation };
            (_model, Parameters) = Weights.Build(new RandomWeights(config.Seed), w => new SpeedStream(w, _config), options);
        }

        _tokenizer = BpeTokenizer.FromTokenizerJson("tokenizer.json", System.Text.Encoding.UTF8.GetBytes(_tokenizerJson));
        _means = [.. _config.Means];
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
        var features = _mel.Extract(random is null ? StreamingRecognizer.Padded(samples, _config) : Surround(samples, random));
        if (random is not null)
        {
            SpecAugment.Apply(
                features.Values, features.Bins, _augment.FrequencyMasks, _augment.FrequencyWidth, _augment.TimeMasks, _augment.TimeShare, random.NextSeed, _means);
        }

        return new TrainingExample(where, features.Values, features.Frames, targets);
    }

    /// <inheritdoc/>
    public BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var (bins, longest) = (_config.MelBins, batch.Max(e => e.Frames));
        var features = new float[batch.Count * longest * bins];
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Features.CopyTo(features, i * longest * bins);
        }

        int[][] targets = [.. batch.Select(e => e.Targets)];
        var logits = _model.Forward(Tensor.From(features, [batch.Count, longest, bins], Backend.Default), pass);
        var symbols = Math.Max(1, targets.Sum(t => t.Length));
        var loss = CtcLoss.Compute(logits, [.. batch.Select(e => SpeedStreamConfig.StepsOf(e.Frames))], targets, _config.Blank, LossReduction.Sum, zeroInfinity: true);
        return new BatchLoss(loss * (1f / symbols), symbols);
    }

    /// <inheritdoc/>
    public string Transcribe(ReadOnlyMemory<float> samples)
    {
        var example = Prepare("", samples.Span, [], random: null);
        var logits = _model.Forward(Tensor.From(example.Features, [1, example.Frames, _config.MelBins], Backend.Default));
        return _tokenizer.Decode([.. new CtcGreedyDecoder(_config.Blank).DecodeBest(logits.Values, _config.VocabSize).Tokens.Select(t => t.Id)]);
    }

    /// <inheritdoc/>
    public void Save(string folder) => SavedModel.Write(
        folder, Parameters, ("config.json", JsonSerializer.Serialize(_config, SpeedStreamJson.Default.SpeedStreamConfig)), ("tokenizer.json", _tokenizerJson));

    /// <inheritdoc/>
    public void Dispose() => _checkpoint?.Dispose();

    /// <summary>Mean and deviation of each band over utterances from all of the training data, each under the noise that it gets in training.</summary>
    private (IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation) Statistics(TrainingConfig config)
    {
        ManifestEntry[] entries = [.. config.Data.Train.SelectMany(m => ManifestEntry.Read(m))];
        var (bins, frames) = (_mel.Options.MelBins, 0L);
        var (sums, squares) = (new double[bins], new double[bins]);
        for (var i = 0; i < entries.Length; i += (entries.Length + MostMeasured - 1) / MostMeasured)
        {
            var samples = ExampleLoader.Read(entries[i], SampleRate, CancellationToken.None);
            var features = _mel.Extract(Surround(samples.Span, new TrainingPass(TrainingPass.Seed((ulong)config.Seed, (ulong)i))));
            frames += features.Frames;
            for (var k = 0; k < features.Values.Length; k++)
            {
                sums[k % bins] += features.Values[k];
                squares[k % bins] += (double)features.Values[k] * features.Values[k];
            }
        }

        if (frames == 0)
        {
            throw new InvalidDataException($"{string.Join(", ", config.Data.Train)}: no sound to measure");
        }

        double[] means = [.. sums.Select(s => s / frames)];
        return ([.. means.Select(m => (float)m)], [.. squares.Select((s, k) => (float)Math.Max(LeastDeviation, Math.Sqrt(Math.Max(0, (s / frames) - (means[k] * means[k])))))]);
    }

    /// <summary>The samples with faint noise before, under and after them; every draw comes from <paramref name="random"/>.</summary>
    private static float[] Surround(ReadOnlySpan<float> samples, TrainingPass random)
    {
        var lead = (int)(Uniform(random) * MostLead * SpeechRecognizer.SampleRate);
        var tail = (int)((LeastTail + (Uniform(random) * (MostTail - LeastTail))) * SpeechRecognizer.SampleRate);
        var level = Math.Pow(10, (QuietestDecibels + ((LoudestDecibels - QuietestDecibels) * Uniform(random))) / 20);
        var x = new float[lead + samples.Length + tail];
        samples.CopyTo(x.AsSpan(lead));
        foreach (ref var sample in x.AsSpan())
        {
            // Of a uniform draw in ±1 the deviation is 1/√3.
            sample += (float)(level * Math.Sqrt(3) * ((2 * Uniform(random)) - 1));
        }

        return x;
    }

    private static double Uniform(TrainingPass random) => (random.NextSeed() >> 11) / (double)(1UL << 53);
}
