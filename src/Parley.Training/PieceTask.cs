using System.Text;
using System.Text.Json;
using Parley.Audio;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Training;

/// <summary>What models that hear log-mel features and write word pieces share in training: where they start from, their pieces, batches, and the folder that is written.</summary>
public abstract class PieceTask : ITrainingTask
{
    private readonly TrainingConfig _config;
    private readonly JsonDocument? _json;
    private readonly Checkpoint? _checkpoint;
    private string _tokenizerJson = "";
    private BpeTokenizer? _tokenizer;

    /// <summary>Opens the folder to go on from, if there is one.</summary>
    private protected PieceTask(TrainingConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        _config = config;
        if (config.Model.From is { } from)
        {
            From = new ModelFolder(from);
            _json = From.Config();
            _checkpoint = Checkpoint.Open(from);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<Parameter> Parameters { get; private set; } = [];

    /// <inheritdoc/>
    public int SampleRate => SpeechRecognizer.SampleRate;

    /// <summary>The folder to go on from; null: the model begins with random numbers.</summary>
    private protected ModelFolder? From { get; }

    /// <summary>The run's folder.</summary>
    private protected ModelFolder Output => new(_config.Output);

    /// <summary>Sizes of the model.</summary>
    private protected JsonElement Sizes => _json?.RootElement ?? _config.Model.Config
        ?? throw new InvalidDataException("model: give \"from\", a folder to go on from, or \"config\", the sizes of a new model");

    private BpeTokenizer Tokenizer => _tokenizer ?? throw new InvalidOperationException("the pieces are not there yet");

    /// <inheritdoc/>
    public int[] Encode(string text)
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

    /// <inheritdoc/>
    public abstract TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random);

    /// <inheritdoc/>
    public abstract BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass);

    /// <inheritdoc/>
    public abstract string Transcribe(ReadOnlyMemory<float> samples);

    /// <inheritdoc/>
    public abstract void Save(string folder);

    /// <inheritdoc/>
    public void Dispose()
    {
        _json?.Dispose();
        _checkpoint?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Reads the pieces of the folder, or learns those of a new model; returns how many there are.</summary>
    /// <param name="wanted">Pieces of a new model.</param>
    private protected int Pieces(int wanted)
    {
        _tokenizerJson = From is { } folder ? File.ReadAllText(folder["tokenizer.json"]) : Once("tokenizer.json", () => BpeTrainer.Train(Entries().Select(e => e.Text), wanted).ToJson());
        _tokenizer = BpeTokenizer.FromTokenizerJson("tokenizer.json", Encoding.UTF8.GetBytes(_tokenizerJson));
        return _tokenizer.VocabSize;
    }

    /// <summary>Builds the model from the folder's weights or from random numbers.</summary>
    private protected T Build<T>(Func<Weights, T> make)
    {
        var frozen = NamePatterns.Of(_config.Model.Freeze);
        IWeightSource source = _checkpoint is null ? new RandomWeights(_config.Seed) : new CheckpointWeights(_checkpoint);
        (var model, Parameters) = Weights.Build(source, make, new WeightsOptions(trains: name => !frozen(name)));
        return model;
    }

    /// <summary>Text of ids.</summary>
    private protected string Decode(IEnumerable<int> ids) => Tokenizer.Decode([.. ids]);

    /// <summary>Writes the model's folder.</summary>
    private protected void Save(string folder, string config, params ReadOnlySpan<(string Name, string Text)> others) =>
        SavedModel.Write(folder, Parameters, [("config.json", config), ("tokenizer.json", _tokenizerJson), .. others]);

    /// <summary>Hides bands and stretches of time as the configuration says.</summary>
    private protected void Mask(FeatureMatrix features, TrainingPass? random, ReadOnlySpan<float> means = default)
    {
        if (random is not null && _config.Augment is { } augment)
        {
            SpecAugment.Apply(features.Values, features.Bins, augment.FrequencyMasks, augment.FrequencyWidth, augment.TimeMasks, augment.TimeShare, random.NextSeed, means);
        }
    }

    /// <summary>Examples side by side: features [batch, mel frames, mels], padded with zeros.</summary>
    private protected static Tensor Batch(IReadOnlyList<TrainingExample> examples, int mels)
    {
        var longest = examples.Max(e => e.Frames);
        var features = new float[examples.Count * longest * mels];
        for (var i = 0; i < examples.Count; i++)
        {
            examples[i].Features.CopyTo(features, i * longest * mels);
        }

        return Tensor.From(features, [examples.Count, longest, mels], Backend.Default);
    }

    /// <summary>What is learnt from the data once: a resumed run reads what the first wrote.</summary>
    private protected string Once(string name, Func<string> learn)
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
    /// <param name="bands">Bands of a frame.</param>
    /// <param name="most">Utterances that are heard.</param>
    /// <param name="features">Features [frames, bands] of an utterance and its place in the data.</param>
    private protected (double[] Means, double[] Deviations) Statistics(int bands, int most, Func<ReadOnlyMemory<float>, long, float[]> features)
    {
        var entries = Entries().ToArray();
        var (sums, squares, frames) = (new double[bands], new double[bands], 0L);
        var count = Math.Min(most, entries.Length);
        for (var i = 0; i < count; i++)
        {
            var place = (long)i * entries.Length / count;
            var values = features(ExampleLoader.Read(entries[place], SampleRate, CancellationToken.None), place);
            frames += values.Length / bands;
            for (var k = 0; k < values.Length; k++)
            {
                var (band, value) = (k % bands, (double)values[k]);
                (sums[band], squares[band]) = (sums[band] + value, squares[band] + (value * value));
            }
        }

        if (frames < 2)
        {
            throw new InvalidDataException($"{_config.Data.Train[0]}: too little sound for the mean and deviation of the features");
        }

        double[] means = [.. sums.Select(s => s / frames)];
        return (means, [.. squares.Select((s, b) => Math.Sqrt(Math.Max(0, (s / frames) - (means[b] * means[b]))))]);
    }

    private IEnumerable<ManifestEntry> Entries() => _config.Data.Train.SelectMany(m => ManifestEntry.Read(m));
}
