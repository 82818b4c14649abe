using System.Runtime.CompilerServices;
using System.Text.Json;
using Parley.Audio;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Speech to text while it is being spoken. One instance serves any number of streams, each with a session of its own.</summary>
/// <example><code>
/// using var recognizer = StreamingRecognizer.Load("speedstream");
/// using var session = recognizer.Start(new StreamingOptions(Gate: () => new EnergyVadStream()));
/// foreach (var said in session.Feed(samples)) { Console.WriteLine(said.Text); }
/// </code></example>
public sealed class StreamingRecognizer : IDisposable
{
    // Silence after the end of a stream, in which the model says what it has just heard.
    private const int TailChunks = 2;

    private readonly Checkpoint? _checkpoint;

    internal StreamingRecognizer(SpeedStream model, CtcSymbols symbols, Backend backend, Checkpoint? checkpoint = null)
    {
        (Model, Symbols, Backend, _checkpoint) = (model, symbols, backend, checkpoint);
        FrontEnd = new StreamingLogMel(new StreamingLogMelOptions(model.Config.MelBins, SpeechRecognizer.SampleRate));
    }

    /// <summary>From the first sample of a chunk to its last: what the design adds to the time that computing takes. Nothing is looked ahead.</summary>
    public TimeSpan Latency => TimeSpan.FromSeconds((double)ChunkSamples / SpeechRecognizer.SampleRate);

    internal SpeedStream Model { get; }

    internal CtcSymbols Symbols { get; }

    internal StreamingLogMel FrontEnd { get; }

    internal Backend Backend { get; }

    internal int ChunkSamples => Model.Config.ChunkFrames * FrontEnd.Options.HopLength;

    /// <summary>Opens the folder of a streaming model.</summary>
    /// <param name="path">Folder with config.json, tokenizer.json and weights.</param>
    /// <param name="precision">Format of the weight matrices; null: as stored.</param>
    /// <param name="threads">Cores for one stream; one is enough for real time, and leaves the others to other streams.</param>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or its model cannot stream.</exception>
    public static StreamingRecognizer Load(string path, WeightFormat? precision = null, int threads = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var backend = Backend.WithThreads(threads);
        var checkpoint = Checkpoint.Open(path);
        try
        {
            var folder = new ModelFolder(path);
            using var json = folder.Config();
            var type = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("model_type", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
            return type == SpeedStreamConfig.Type
                ? Open(folder, json.RootElement, checkpoint, new WeightsOptions(backend, precision))
                : throw new InvalidDataException($"{folder["config.json"]}: model_type \"{type}\" cannot stream; {SpeedStreamConfig.Type} can");
        }
        catch (Exception e)
        {
            checkpoint.Dispose();
            if (e is InvalidDataException && !e.Message.Contains(path, StringComparison.Ordinal))
            {
                throw new InvalidDataException($"{path}: {e.Message}", e);
            }

            throw;
        }
    }

    /// <summary>A model of random weights, whose symbols spell numbers: for measuring.</summary>
    public static StreamingRecognizer Random(SpeedStreamConfig config, WeightFormat? precision = null, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        var backend = Backend.WithThreads(threads);
        var model = Weights.Build(new RandomWeights(seed: 0), w => new SpeedStream(w, config), new WeightsOptions(backend, precision)).Model;
        return new StreamingRecognizer(model, CtcSymbols.Numbered(config.VocabSize, config.Blank), backend);
    }

    /// <summary>Begins a stream.</summary>
    /// <param name="options">Null: the defaults, without a gate.</param>
    public StreamingSession Start(StreamingOptions? options = null) => new(this, options ?? new StreamingOptions());

    /// <summary>Hears sound as it arrives and says what it makes of it; events come on the thread that computes.</summary>
    /// <param name="audio">Pieces of mono samples at 16 kHz, of any size.</param>
    /// <param name="options">Null: the defaults, without a gate.</param>
    /// <param name="cancel">Stops; what was final stays final.</param>
    public async IAsyncEnumerable<StreamingEvent> RecognizeAsync(
        IAsyncEnumerable<ReadOnlyMemory<float>> audio, StreamingOptions? options = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(audio);
        using var session = Start(options);
        await foreach (var piece in audio.WithCancellation(cancel).ConfigureAwait(false))
        {
            foreach (var said in session.Feed(piece.Span, cancel))
            {
                yield return said;
            }
        }

        foreach (var said in session.Finish(cancel))
        {
            yield return said;
        }
    }

    /// <summary>Closes the checkpoint; sessions must have ended.</summary>
    public void Dispose() => _checkpoint?.Dispose();

    internal static StreamingRecognizer Open(ModelFolder folder, JsonElement json, Checkpoint checkpoint, WeightsOptions options)
    {
        var config = SpeedStreamConfig.Parse(json);
        var model = Weights.Build(new CheckpointWeights(checkpoint), w => new SpeedStream(w, config), options).Model;
        return new StreamingRecognizer(model, CtcSymbols.FromTokenizerJson(folder, config.VocabSize, config.Blank), options.Backend, checkpoint);
    }

    /// <summary>A whole recording as a stream has it at its end: its last chunk filled up with silence, and some chunks of silence after it.</summary>
    internal static float[] Padded(ReadOnlySpan<float> samples, SpeedStreamConfig config)
    {
        var chunk = config.ChunkFrames * new StreamingLogMelOptions().HopLength;
        var padded = new float[(((samples.Length + chunk - 1) / chunk) + TailChunks) * chunk];
        samples.CopyTo(padded);
        return padded;
    }
}
