using System.Text.Json;
using Parley.Nn;
using Parley.Text;

namespace Parley.Models;

/// <summary>A Whisper checkpoint with its tokenizer and ids, as published by Hugging Face or by OpenAI.</summary>
internal sealed class WhisperSpeechModel : ISpeechModel
{
    private readonly WhisperVocabulary _ids;
    private readonly WhisperTranscriber _sequential;
    private readonly WhisperBatchTranscriber _batched;

    private WhisperSpeechModel(Whisper model, WhisperVocabulary ids, WhisperTokenizer tokenizer, WeightsOptions options)
    {
        _ids = ids;
        _sequential = new WhisperTranscriber(model, ids, tokenizer, options.Backend);
        _batched = new WhisperBatchTranscriber(model, ids, tokenizer, options.Backend);
    }

    public static WhisperSpeechModel FromFolder(ModelFolder folder, JsonElement json, Checkpoint checkpoint, WeightsOptions options) =>
        new(folder, Build(new CheckpointWeights(checkpoint), WhisperConfig.Parse(json), options).Model, options);

    /// <summary>A model with what its folder says about tokens.</summary>
    public WhisperSpeechModel(ModelFolder folder, Whisper model, WeightsOptions options)
        : this(model, Vocabulary(folder, model.Config, out var tokenizer), tokenizer, options)
    {
    }

    public static WhisperVocabulary Vocabulary(ModelFolder folder, WhisperConfig config, out WhisperTokenizer tokenizer)
    {
        tokenizer = WhisperTokenizer.Load(folder.Path);
        var ids = WhisperVocabulary.From(tokenizer, config);
        using var generation = folder.GenerationConfig();
        return generation is null ? ids : ids.With(generation.RootElement, config);
    }

    /// <summary>OpenAI's own files: <c>dims</c> beside a <c>model_state_dict</c> with OpenAI's names.</summary>
    public static WhisperSpeechModel FromOpenAi(Checkpoint checkpoint, WeightsOptions options)
    {
        if (checkpoint.Extra.ValueKind != JsonValueKind.Object || !checkpoint.Extra.TryGetProperty("dims", out var dims))
        {
            throw new InvalidDataException($"{checkpoint.Path}: a single file must be a Whisper .pt of OpenAI with its \"dims\"; give the folder of other checkpoints");
        }

        var config = WhisperConfig.FromOpenAi(name => dims.TryGetProperty(name, out var value) && value.TryGetInt32(out var size)
            ? size
            : throw new InvalidDataException($"{checkpoint.Path}: dims has no {name}"));
        var model = Build(new RenamedWeights(new CheckpointWeights(checkpoint), WhisperNames.FromOpenAi), config, options).Model;
        var tokenizer = Tokenizer(config);
        return new WhisperSpeechModel(model, WhisperVocabulary.From(tokenizer, config), tokenizer, options);
    }

    public IEnumerable<TranscriptSegment> Transcribe(
        ReadOnlyMemory<float> samples, TranscriptionOptions options, Action<string>? language, IProgress<TimeSpan>? progress, CancellationToken cancel)
    {
        var whisper = options.Whisper ?? new WhisperOptions();
        if (options.WordTimestamps)
        {
            whisper = whisper with { WordTimestamps = true };
            whisper.Validate();
        }

        if (SpeechGate.Skips(options, samples))
        {
            // Settings that this model cannot follow are an error whatever the sound.
            _ids.Start(whisper.Language ?? _ids.Languages.Keys.FirstOrDefault(""), whisper.Translate, whisper.Timestamps);
            return [];
        }

        if (options.BatchSize > 1)
        {
            return _batched.Transcribe(samples, whisper, options.BatchSize, options.Detector ?? WhisperBatchTranscriber.DefaultDetector, language, progress, cancel);
        }

        if (options.Detector is { } detector)
        {
            var speech = detector.Detect(samples.Span);
            if (speech.Count == 0)
            {
                return [];
            }

            whisper = whisper with { Clips = [.. speech.Select(s => ((double)s.Start / SpeechRecognizer.SampleRate, (double?)s.End / SpeechRecognizer.SampleRate))] };
        }

        return _sequential.Transcribe(samples, whisper, language, progress, cancel);
    }

    public static BuiltModel<Whisper> Build(IWeightSource source, WhisperConfig config, WeightsOptions options) => Weights.Build(
        source,
        w =>
        {
            // The output projection is the embedding table; some files store it twice.
            w.Ignore("proj_out.");
            return new Whisper(w["model"], config);
        },
        options);

    /// <summary>The published tokenizer that goes with a vocabulary of this size.</summary>
    private static WhisperTokenizer Tokenizer(WhisperConfig config)
    {
        const int EnglishOnly = 51864;
        const int Multilingual = 51865;
        return config.VocabSize switch
        {
            EnglishOnly => WhisperTokenizer.Default(multilingual: false),
            Multilingual => WhisperTokenizer.Default(),
            Multilingual + 1 => WhisperTokenizer.Default(languages: 100),
            _ => throw new InvalidDataException($"no tokenizer beside the model, and its vocabulary of {config.VocabSize} is none of the published ones; put tokenizer.json into the folder"),
        };
    }
}
