using Parley.Audio;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Training;

/// <summary>Fine-tunes a Whisper checkpoint: log-mel windows in, the tokens of a transcript without time stamps out, cross entropy.</summary>
/// <remarks>As in Radford et al. 2022, §2.3; the sinusoids of the encoder are not trained.</remarks>
public sealed class WhisperTask : ITrainingTask
{
    private const string Sinusoids = "model.encoder.embed_positions.weight";
    private readonly ModelFolder _folder;
    private readonly Checkpoint _checkpoint;
    private readonly Whisper _model;
    private readonly WhisperTokenizer _tokenizer;
    private readonly IReadOnlyList<int> _start;
    private readonly int _end;
    private readonly WhisperLogMel _mel;
    private readonly WhisperSpeechModel _speech;
    private readonly TranscriptionOptions _options;

    /// <summary>Opens the checkpoint that <paramref name="settings"/> start from.</summary>
    public WhisperTask(ModelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var from = settings.From ?? throw new InvalidDataException("model.from: Whisper is fine-tuned from a checkpoint folder; name one");
        var frozen = NamePatterns.Of(settings.Freeze);
        _folder = new ModelFolder(from);
        using var json = _folder.Config();
        var config = WhisperConfig.Parse(json.RootElement);
        _checkpoint = Checkpoint.Open(from);
        var options = new WeightsOptions(trains: name => name != Sinusoids && !frozen(name));
        (_model, Parameters) = WhisperSpeechModel.Build(new CheckpointWeights(_checkpoint), config, options);
        var ids = WhisperSpeechModel.Vocabulary(_folder, config, out _tokenizer);
        (_start, _end) = (ids.Start(settings.Language, translate: false, timestamps: false), ids.EndOfText);
        _mel = new WhisperLogMel(new WhisperLogMelOptions(config.MelBins));
        _speech = new WhisperSpeechModel(_folder, _model, options);
        _options = new TranscriptionOptions { Whisper = new WhisperOptions { Language = ids.IsMultilingual ? settings.Language : null, Timestamps = false } };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public int SampleRate => SpeechRecognizer.SampleRate;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int[] ids = [.. _tokenizer.Encode($" {text.Trim()}")];
        var room = _model.Config.TextPositions - _start.Count;
        return ids.Length <= room ? ids : throw new InvalidDataException($"the text has {ids.Length} tokens; the decoder takes {room}");
    }

    /// <inheritdoc/>
    public TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random)
    {
        ArgumentNullException.ThrowIfNull(targets);
        var window = _model.Config.WindowSamples;
        if (samples.Length > window)
        {
            throw new InvalidDataException(
                FormattableString.Invariant($"{where}: {(double)samples.Length / SampleRate:0.0} s do not fit the model's window of {(double)window / SampleRate:0.0} s; set data.maxSeconds"));
        }

        var features = _mel.Extract(samples, padTo: window);
        return new TrainingExample(where, features.Values, features.Frames, targets);
    }

    /// <inheritdoc/>
    public BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var (mels, frames) = (_model.Config.MelBins, batch[0].Frames);
        var features = new float[batch.Count * mels * frames];
        var width = batch.Max(e => e.Targets.Length) + _start.Count;
        var (inputs, targets) = (new int[batch.Count * width], new int[batch.Count * width]);
        var counted = 0;
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Features.CopyTo(features, i * mels * frames);
            int[] tokens = [.. _start, .. batch[i].Targets, _end];
            for (var t = 0; t < width; t++)
            {
                // The prompt is given, not asked for; past the end nothing is.
                inputs[(i * width) + t] = t < tokens.Length ? tokens[t] : _end;
                targets[(i * width) + t] = t >= _start.Count - 1 && t + 1 < tokens.Length ? tokens[t + 1] : -1;
            }

            counted += batch[i].Targets.Length + 1;
        }

        var mel = Tensor.From(features, [batch.Count, mels, frames], Backend.Default);
        var logits = _model.Decoder.Forward(new IntTensor(inputs, [batch.Count, width]), _model.Encoder.Forward(mel));
        return new BatchLoss(CrossEntropy.Compute(logits, new IntTensor(targets, [batch.Count, width])), counted);
    }

    /// <inheritdoc/>
    public string Transcribe(ReadOnlyMemory<float> samples) =>
        string.Concat(_speech.Transcribe(samples, _options, language: null, progress: null, CancellationToken.None).Select(s => s.Text));

    /// <inheritdoc/>
    public void Save(string folder) => SavedModel.Write(_folder, folder, Parameters);

    /// <inheritdoc/>
    public void Dispose() => _checkpoint.Dispose();
}
