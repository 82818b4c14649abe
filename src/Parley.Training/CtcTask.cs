using System.Text.Json;
using Parley.Audio;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Training;

/// <summary>Fine-tunes a CTC model of the wav2vec 2.0, HuBERT, WavLM or wav2vec2-conformer family: waveforms in, characters out. From nothing, the characters are those of the training texts.</summary>
/// <remarks>As in Baevski et al. 2020, arXiv 2006.11477, §4.2, without masking and dropout, which these encoders do not have here.</remarks>
public sealed class CtcTask : ITrainingTask
{
    private const string Blank = "<pad>";
    private const string Delimiter = "|";
    private const string Preprocessor = """{ "feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "sampling_rate": 16000, "do_normalize": true, "padding_value": 0.0 }""";

    private readonly ModelFolder? _from;
    private readonly Checkpoint? _checkpoint;
    private readonly CtcModel _model;
    private readonly string _vocabularyJson = "";
    private readonly CtcVocabulary _vocabulary;
    private readonly bool _isUpper;
    private readonly bool _normalises = true;
    private readonly CtcTranscriber _transcriber;

    /// <summary>Builds a new model, or opens the one to go on from.</summary>
    public CtcTask(TrainingConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var frozen = NamePatterns.Of(config.Model.Freeze);
        var options = new WeightsOptions(trains: name => !frozen(name));
        if (config.Model.From is { } from)
        {
            _from = new ModelFolder(from);
            using var json = _from.Config();
            var sizes = Wav2Vec2Config.Parse(json.RootElement);
            (_vocabulary, _normalises) = (CtcVocabulary.Load(from), CtcTranscriber.Normalises(_from));
            _checkpoint = Checkpoint.Open(from);
            if (!_checkpoint.Tensors.ContainsKey("lm_head.weight"))
            {
                throw new InvalidDataException($"{from}: no lm_head.weight; this checkpoint was only pretrained, and training goes on from one that has its symbols");
            }

            (_model, Parameters) = Weights.Build(new CheckpointWeights(_checkpoint), w => new CtcModel(w, sizes), options);
        }
        else
        {
            var wanted = Wav2Vec2Config.Parse(config.Model.Config ?? throw new InvalidDataException("model: give \"from\", a folder to go on from, or \"config\", the sizes of a new model"));
            string[] tokens = [Blank, Delimiter, .. Characters(config.Data.Train)];
            _vocabularyJson = $"{{{string.Join(", ", tokens.Select((t, id) => $"\"{JsonEncodedText.Encode(t)}\": {id}"))}}}";
            _vocabulary = new CtcVocabulary(tokens, new CtcVocabularySettings(Delimiter: Delimiter, Pad: Blank));

            // Without masking in training there is no mask vector to learn.
            var sizes = wanted with { VocabSize = tokens.Length, Blank = _vocabulary.Blank, MaskTimeProb = 0, MaskFeatureProb = 0 };
            (_model, Parameters) = Weights.Build(new RandomWeights(config.Seed), w => new CtcModel(w, sizes), options);
        }

        _isUpper = Spells("A") && !Spells("a");
        _transcriber = new CtcTranscriber(_model, _vocabulary, _normalises);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public int SampleRate => Wav2Vec2Config.SampleRate;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = string.Join(' ', (_isUpper ? text.ToUpperInvariant() : text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (text.EnumerateRunes().Select(r => r.ToString()).FirstOrDefault(r => !Spells(r)) is { } unknown)
        {
            throw new InvalidDataException($"the vocabulary has no '{unknown}'");
        }

        return [.. _vocabulary.Encode(text)];
    }

    /// <inheritdoc/>
    public TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random)
    {
        if (samples.Length < _model.Config.ReceptiveField)
        {
            throw new InvalidDataException($"{where}: {samples.Length} samples give no frame; {_model.Config.ReceptiveField} are needed, set data.minSeconds");
        }

        return new TrainingExample(where, _normalises ? Wav2Vec2Input.Normalize(samples) : samples.ToArray(), samples.Length, targets);
    }

    /// <inheritdoc/>
    public BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass)
    {
        ArgumentNullException.ThrowIfNull(batch);

        // One after another: a group norm over time would hear the padding of the shorter ones.
        var config = _model.Config;
        var losses = batch.Select(e => CtcLoss.Compute(
            _model.Forward(Tensor.From(e.Features, [1, e.Frames], Backend.Default)), [config.FramesOf(e.Frames)], [e.Targets], config.Blank, LossReduction.Sum, zeroInfinity: true));
        var symbols = Math.Max(1, batch.Sum(e => e.Targets.Length));
        return new BatchLoss(losses.Aggregate((a, b) => a + b) * (1f / symbols), symbols);
    }

    /// <inheritdoc/>
    public string Transcribe(ReadOnlyMemory<float> samples)
    {
        var text = _transcriber.Transcribe(samples).Text;
        return _isUpper ? text.ToLowerInvariant() : text;
    }

    /// <inheritdoc/>
    public void Save(string folder)
    {
        if (_from is not null)
        {
            SavedModel.Write(_from, folder, Parameters);
            return;
        }

        SavedModel.Write(
            folder, Parameters, ("config.json", JsonSerializer.Serialize(_model.Config, Wav2Vec2Json.Default.Wav2Vec2Config)), ("vocab.json", _vocabularyJson), ("preprocessor_config.json", Preprocessor));
    }

    /// <inheritdoc/>
    public void Dispose() => _checkpoint?.Dispose();

    /// <summary>Whether the vocabulary has a character, which an unknown one's token is not.</summary>
    private bool Spells(string character)
    {
        try
        {
            return _vocabulary.Spell(_vocabulary.Encode(character)).Length > 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static IEnumerable<string> Characters(IEnumerable<string> manifests) => manifests.SelectMany(m => ManifestEntry.Read(m))
        .SelectMany(e => e.Text.EnumerateRunes()).Where(r => !System.Text.Rune.IsWhiteSpace(r)).Select(r => r.ToString()).Distinct().Order(StringComparer.Ordinal);
}
