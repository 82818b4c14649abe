using System.Runtime.CompilerServices;
using Parley.Audio;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

/// <summary>Sound to text with a published checkpoint. One instance serves any number of threads; it is never changed by use.</summary>
/// <example><code>
/// using var recognizer = SpeechRecognizer.Load("whisper-base");
/// Console.WriteLine(recognizer.Transcribe("talk.flac").Text);
/// </code></example>
public sealed class SpeechRecognizer : IDisposable
{
    /// <summary>Samples a second that models take.</summary>
    public const int SampleRate = 16000;

    private readonly Checkpoint _checkpoint;
    private readonly ISpeechModel _model;

    private SpeechRecognizer(Checkpoint checkpoint, ISpeechModel model, string modelType) => (_checkpoint, _model, ModelType) = (checkpoint, model, modelType);

    /// <summary>The family: "whisper", "wav2vec2", "hubert", …</summary>
    public string ModelType { get; }

    /// <summary>Opens a checkpoint folder as published, a file of OpenAI's Whisper, or a .nemo file.</summary>
    /// <param name="path">Folder with config.json and weights, a .pt file or a .nemo file.</param>
    /// <param name="precision">Format of the weight matrices; null: as stored.</param>
    /// <param name="threads">Cores to use; null: all.</param>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, incomplete or of an unknown kind.</exception>
    public static SpeechRecognizer Load(string path, WeightFormat? precision = null, int? threads = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var backend = threads is { } count ? Backend.WithThreads(count) : Backend.Default;
        var checkpoint = Checkpoint.Open(path);
        try
        {
            var (model, type) = ModelCatalog.LoadSpeech(path, checkpoint, new WeightsOptions(backend, precision));
            return new SpeechRecognizer(checkpoint, model, type);
        }
        catch (Exception e)
        {
            checkpoint.Dispose();

            // Configurations and vocabularies know what is wrong with them, not where they came from.
            if (e is InvalidDataException && !e.Message.Contains(path, StringComparison.Ordinal))
            {
                throw new InvalidDataException($"{path}: {e.Message}", e);
            }

            throw;
        }
    }

    /// <summary>Transcribes a file of any format that Parley or ffmpeg reads.</summary>
    public Transcript Transcribe(string path, TranscriptionOptions? options = null, IProgress<TimeSpan>? progress = null, CancellationToken cancel = default) =>
        Transcribe(AudioFile.LoadMono(path, SampleRate, cancel), options, progress, cancel);

    /// <summary>Transcribes mono samples at 16 kHz in ±1.</summary>
    public Transcript Transcribe(ReadOnlyMemory<float> samples, TranscriptionOptions? options = null, IProgress<TimeSpan>? progress = null, CancellationToken cancel = default)
    {
        string? language = null;
        var segments = Segments(samples, options, l => language = l, progress, cancel).ToArray();
        return new Transcript(string.Concat(segments.Select(s => s.Text)).Trim(), language, segments, Length(samples));
    }

    /// <summary>Segments of mono samples at 16 kHz, each as soon as it is final, on the calling thread.</summary>
    /// <param name="samples">In ±1.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="language">Told the language before the first segment, if the model knows languages.</param>
    /// <param name="progress">Told how much of the recording is done.</param>
    /// <param name="cancel">Stops; segments already given stay final.</param>
    public IEnumerable<TranscriptSegment> Segments(
        ReadOnlyMemory<float> samples, TranscriptionOptions? options = null, Action<string>? language = null, IProgress<TimeSpan>? progress = null, CancellationToken cancel = default)
    {
        options ??= new TranscriptionOptions();
        options.Validate();
        if (options.Ctc is not null && ModelType == "whisper")
        {
            throw new ArgumentException("language models, hotwords and lexicons are for CTC models; Whisper takes a prompt instead");
        }

        return _model.Transcribe(samples, options, language, progress, cancel);
    }

    /// <summary>Finds where in a recording the words of a known text are.</summary>
    /// <param name="samples">Mono, 16 kHz, in ±1.</param>
    /// <param name="name">What to call the text in messages.</param>
    /// <param name="lines">The text; words stand between blanks. A CTC model takes any word that its symbols can spell, an HMM-GMM those of its vocabulary.</param>
    /// <param name="progress">Told how much of the recording was heard.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="ArgumentException">The model has no frames to align with.</exception>
    /// <exception cref="InvalidDataException">A word that the model cannot write, or words that do not fit the recording; says which line.</exception>
    public AlignedText Align(
        ReadOnlyMemory<float> samples, string name, IReadOnlyList<string> lines, IProgress<TimeSpan>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(lines);
        if (_model is not IAligner aligner)
        {
            throw new ArgumentException($"a model of the family {ModelType} does not align; give a CTC model or an hmm-gmm");
        }

        List<(string Word, int Line)> words = [];
        foreach (var (index, line) in lines.Index())
        {
            foreach (var word in line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                Check(aligner, word, $"{name}:{index + 1}");
                words.Add((word, index + 1));
            }
        }

        return words.Count > 0 ? aligner.Align(samples, words, progress, cancel) : throw new InvalidDataException($"{name}: there are no words to align");
    }

    private static void Check(IAligner aligner, string word, string where)
    {
        try
        {
            aligner.Check(word);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{where}: {e.Message}", e);
        }
    }

    /// <summary>The same computed on another thread: segments arrive while the next ones are decoded.</summary>
    public async IAsyncEnumerable<TranscriptSegment> TranscribeAsync(
        ReadOnlyMemory<float> samples, TranscriptionOptions? options = null, IProgress<TimeSpan>? progress = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var segments = Segments(samples, options, language: null, progress, cancel).GetEnumerator();
        using (segments)
        {
            while (await Task.Run(segments.MoveNext, cancel).ConfigureAwait(false))
            {
                yield return segments.Current;
            }
        }
    }

    /// <summary>Closes the checkpoint; transcriptions must have ended.</summary>
    public void Dispose() => _checkpoint.Dispose();

    private static TimeSpan Length(ReadOnlyMemory<float> samples) => TimeSpan.FromSeconds((double)samples.Length / SampleRate);
}
