using System.Text;
using System.Text.Json;
using Parley.Audio;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Training;

/// <summary>What Conformers share in training whatever their head: where they start from, word pieces, log-mel features, batches, and the folder that is written.</summary>
internal sealed class ConformerData : IDisposable
{
    private const int MostHeard = 2000;
    private const double SmallestDeviation = 0.1;

    private readonly TrainingConfig _config;
    private readonly ModelFolder? _from;
    private readonly JsonDocument? _json;
    private readonly Checkpoint? _checkpoint;
    private readonly Func<string, bool> _frozen;
    private string _tokenizerJson = "";
    private BpeTokenizer? _tokenizer;
    private NemoMelOptions _front = new();
    private NemoMel? _mel;

    /// <summary>Opens the folder to go on from, if there is one.</summary>
    internal ConformerData(TrainingConfig config)
    {
        (_config, _frozen) = (config, NamePatterns.Of(config.Model.Freeze));
        if (config.Model.From is { } from)
        {
            _from = new ModelFolder(from);
            _json = _from.Config();
            _checkpoint = Checkpoint.Open(from);
        }
    }

    /// <summary>Whether the model begins with random numbers.</summary>
    internal bool IsNew => _from is null;

    /// <summary>Sizes of the model.</summary>
    internal JsonElement Sizes => _json?.RootElement ?? _config.Model.Config
        ?? throw new InvalidDataException("model: give \"from\", a folder to go on from, or \"config\", the sizes of a new model");

    /// <summary>The <c>tokenizer.json</c> of the pieces.</summary>
    internal string TokenizerJson => _tokenizerJson;

    private BpeTokenizer Tokenizer => _tokenizer ?? throw new InvalidOperationException("the pieces are not there yet");

    /// <summary>Reads the pieces of the folder, or learns those of a new model; returns how many there are.</summary>
    /// <param name="wanted">Pieces of a new model.</param>
    internal int Pieces(int wanted)
    {
        _tokenizerJson = _from is { } folder ? File.ReadAllText(folder["tokenizer.json"]) : Once("tokenizer.json", () => BpeTrainer.Train(Entries().Select(e => e.Text), wanted).ToJson());
        _tokenizer = BpeTokenizer.FromTokenizerJson("tokenizer.json", Encoding.UTF8.GetBytes(_tokenizerJson));
        return _tokenizer.VocabSize;
    }

    /// <summary>Builds the model and its front end.</summary>
    internal (T Model, IReadOnlyList<Parameter> Parameters) Build<T>(ConformerConfig encoder, Func<Weights, T> make)
    {
        if (_from is null)
        {
            Once(ConformerFrontEnd.File, () => ConformerFrontEnd.Write(
                _config.Model.Normalize == FeatureNormalization.Corpus ? Heard(new NemoMelOptions(encoder.MelBins, NormalizePerFeature: false)) : new NemoMelOptions(encoder.MelBins)));
        }

        _front = ConformerFrontEnd.Read(_from ?? new ModelFolder(_config.Output), encoder.MelBins);
        _mel = new NemoMel(_front);
        IWeightSource source = _checkpoint is null ? new RandomWeights(_config.Seed) : new CheckpointWeights(_checkpoint);
        var (model, parameters) = Weights.Build(source, make, new WeightsOptions(trains: name => !_frozen(name)));
        return (model, parameters);
    }

    /// <summary>Ids of a text.</summary>
    internal int[] Encode(string text)
    {
        try
        {
            return [.. Tokenizer.Encode(text)];
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    /// <summary>Text of ids.</summary>
    internal string Decode(IEnumerable<int> ids) => Tokenizer.Decode([.. ids]);

    /// <summary>Features [frames, mels], with SpecAugment where there is a source of draws.</summary>
    internal TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random)
    {
        var features = _mel!.Extract(samples).As(FeatureLayout.FramesFirst);
        if (random is not null && _config.Augment is { } augment)
        {
            SpecAugment.Apply(features.Values, features.Bins, augment.FrequencyMasks, augment.FrequencyWidth, augment.TimeMasks, augment.TimeShare, random.NextSeed);
        }

        return new TrainingExample(where, features.Values, features.Frames, targets);
    }

    /// <summary>Examples side by side: features [batch, mel frames, mels], padded with zeros, their lengths and targets.</summary>
    internal (Tensor Features, int[] Lengths, int[][] Targets) Batch(IReadOnlyList<TrainingExample> examples)
    {
        var (bins, longest) = (_front.MelBins, examples.Max(e => e.Frames));
        var features = new float[examples.Count * longest * bins];
        for (var i = 0; i < examples.Count; i++)
        {
            examples[i].Features.CopyTo(features, i * longest * bins);
        }

        return (Tensor.From(features, [examples.Count, longest, bins], Backend.Default), [.. examples.Select(e => e.Frames)], [.. examples.Select(e => e.Targets)]);
    }

    /// <summary>Features of a whole recording [1, mel frames, mels]; null when it is shorter than a frame.</summary>
    internal Tensor? Hear(ReadOnlySpan<float> samples)
    {
        var example = Prepare("", samples, [], random: null);
        return example.Frames == 0 ? null : Batch([example]).Features;
    }

    /// <summary>Writes the model's folder.</summary>
    internal void Save(string folder, IReadOnlyList<Parameter> parameters, string config) =>
        SavedModel.Write(folder, parameters, ("config.json", config), ("tokenizer.json", _tokenizerJson), (ConformerFrontEnd.File, ConformerFrontEnd.Write(_front)));

    /// <inheritdoc/>
    public void Dispose()
    {
        _json?.Dispose();
        _checkpoint?.Dispose();
    }

    private IEnumerable<ManifestEntry> Entries() => _config.Data.Train.SelectMany(m => ManifestEntry.Read(m));

    /// <summary>What is learnt from the data once: a resumed run reads what the first wrote.</summary>
    private string Once(string name, Func<string> learn)
    {
        var path = Path.Combine(_config.Output, name);
        if (!File.Exists(path))
        {
            var text = learn();
            Directory.CreateDirectory(_config.Output);
            File.WriteAllText(path + ".part", text);
            File.Move(path + ".part", path);
        }

        return File.ReadAllText(path);
    }

    /// <summary>Mean and deviation of each band over the training data, or over utterances at even distances when there are many.</summary>
    private NemoMelOptions Heard(NemoMelOptions plain)
    {
        var (mel, entries) = (new NemoMel(plain), Entries().ToArray());
        var (sums, squares, frames) = (new double[plain.MelBins], new double[plain.MelBins], 0L);
        var count = Math.Min(MostHeard, entries.Length);
        for (var i = 0; i < count; i++)
        {
            var features = mel.Extract(ExampleLoader.Read(entries[(long)i * entries.Length / count], plain.SampleRate, CancellationToken.None).Span).As(FeatureLayout.FramesFirst);
            frames += features.Frames;
            for (var k = 0; k < features.Values.Length; k++)
            {
                var (band, value) = (k % plain.MelBins, (double)features.Values[k]);
                (sums[band], squares[band]) = (sums[band] + value, squares[band] + (value * value));
            }
        }

        if (frames < 2)
        {
            throw new InvalidDataException($"{_config.Data.Train[0]}: too little sound for the mean and deviation that model.normalize \"corpus\" needs");
        }

        // A band that hardly changes, such as those above 4 kHz in recordings at 8 kHz, is not blown up.
        double[] deviations = [.. squares.Select((s, b) => Math.Sqrt(Math.Max(0, (s / frames) - Math.Pow(sums[b] / frames, 2))))];
        var least = Math.Max(SmallestDeviation * deviations.Max(), 1e-3);
        return plain with { Means = [.. sums.Select(s => (float)(s / frames))], Deviations = [.. deviations.Select(d => (float)Math.Max(d, least))] };
    }
}
