using System.CommandLine;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary><c>parley bench</c>: how fast operations and models run on this machine.</summary>
internal static class BenchCommand
{
    private const string Help = """
        Times operations, the parts of a model, or with --seconds a whole recording: loading, real-time factor and peak memory, one
        window after another and in batches. A model is a named configuration with random weights, or a checkpoint.

        Examples:
          parley bench ops --only 'sgemm|linear' --threads 1,2
          parley bench decode --only beam_1024
          parley bench conformer-step --threads 2
          parley bench whisper base --json >> ours.jsonl
          parley bench wav2vec2 base --precision int8
          parley bench whisper-base --seconds 600 --threads 2 --only sequential
          parley bench ./whisper-base --seconds 600 --precision int8 --batch 8
          parley bench stream --seconds 60
          parley bench stream runs/speedstream-digits/model --vad silero_vad_16k.safetensors
        """;

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var what = new Argument<string>("WHAT") { Description = "ops, decode, conformer-step, lstm-step, stream, whisper, wav2vec2, the name of a configuration, a model folder or a hub id" };
        var size = new Argument<string?>("SIZE") { Description = "With whisper or wav2vec2: tiny, base, small, large-v3, …; with stream: a folder, default: random weights", Arity = ArgumentArity.ZeroOrOne };
        var threads = new Option<string>("--threads") { Description = "Thread counts, one after another; default: 1 and all cores", DefaultValueFactory = _ => Environment.ProcessorCount == 1 ? "1" : $"1,{Environment.ProcessorCount}", HelpName = "LIST" };
        var runs = new Option<int>("--runs") { Description = "Samples of each measurement, of about 0.1 s", DefaultValueFactory = _ => 7, HelpName = "N" };
        var only = new Option<string?>("--only") { Description = "Measure only names that match", HelpName = "REGEX" };
        var json = new Option<bool>("--json") { Description = "One JSON object a line" };
        var precision = new Option<string?>("--precision") { Description = "Format of the weight matrices; default: float32 and int8 for parts, as stored for a recording" }.AcceptOnlyFromAmong(Choices.Precisions);
        var seconds = new Option<int?>("--seconds") { Description = "Transcribe a synthetic recording of this length", HelpName = "N" };
        var batch = new Option<int>("--batch") { Description = "Windows decoded together", DefaultValueFactory = _ => 8, HelpName = "N" };
        var tokens = new Option<int?>("--tokens") { Description = "Whisper decodes just so many tokens a window, greedily; default: 100 for random weights, what the model says for a checkpoint", HelpName = "N" };
        var vad = new Option<string>("--vad") { Description = "With stream: what opens the gate, energy or the Silero network", DefaultValueFactory = _ => "energy", HelpName = "energy|PATH" };
        var command = new Command("bench", Help) { what, size, threads, runs, only, json, precision, seconds, batch, tokens, vad };
        command.SetAction((parse, cancel) =>
        {
            var (name, counts, format) = (parse.GetRequiredValue(what), Threads(parse.GetRequiredValue(threads)), Choices.Precision(parse.GetValue(precision)));
            var meter = new BenchMeter(terminal, Math.Clamp(parse.GetValue(runs), 1, 10_000), parse.GetValue(only), parse.GetValue(json));
            if (name == "stream")
            {
                var gate = Choices.Gate(parse.GetRequiredValue(vad)) ?? throw new ArgumentException("--vad none leaves no gate to measure");
                var stream = new StreamBench(meter, Between("--seconds", parse.GetValue(seconds) ?? 30, 3600), gate);
                using var recognizer = parse.GetValue(size) is { } folder ? StreamingRecognizer.Load(folder, format) : StreamingRecognizer.Random(new SpeedStreamConfig(), format);
                stream.Run(recognizer, "speedstream", cancel);
                return Task.FromResult(meter.Any ? 0 : throw new ArgumentException("no measurement matches --only"));
            }

            var recording = parse.GetValue(seconds) is { } length
                ? new EndToEndBench(meter, Between("--seconds", length, 36_000), Between("--batch", parse.GetValue(batch), 256), format, parse.GetValue(tokens) is { } most ? Between("--tokens", most, 100_000) : null)
                : null;
            return RunAsync(terminal, parse.GetValue(size) is { } s ? $"{name}-{s}" : name, parse.GetValue(size) is not null, counts, meter, recording, format, cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, string what, bool isName, int[] threads, BenchMeter meter, EndToEndBench? recording, WeightFormat? precision, CancellationToken cancel)
    {
        var description = ModelDescriptions.Find(what);
        if (isName && description is null)
        {
            throw new ArgumentException($"no configuration {what}; `parley models list` names them");
        }

        if (what == "ops")
        {
            Run(backend => [.. OpBenches.All(backend), .. LossBenches.All(backend)]);
        }
        else if (TrainingBenches.Has(what))
        {
            Run(backend => TrainingBenches.Of(what, backend));
        }
        else if (what == "decode")
        {
            meter.Run(DecodeBenches.All(), threads: 1, cancel);
        }
        else if (description is not null && recording is null)
        {
            Run(backend => ModelBenches.Of(description, new RandomWeights(0), backend, precision));
        }
        else if (description is not null)
        {
            var folder = RandomCheckpoint.Of(description, terminal);
            Array.ForEach(threads, count => recording!.Run(folder, description.Name, count, isRandom: true, cancel));
        }
        else
        {
            var path = await ModelSource.ResolveAsync(what, terminal, cancel).ConfigureAwait(false);
            if (recording is not null)
            {
                var name = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
                Array.ForEach(threads, count => recording.Run(path, name, count, isRandom: false, cancel));
            }
            else
            {
                var published = ModelsCommand.Read(path);
                using var checkpoint = Checkpoint.Open(path);
                Run(backend => ModelBenches.Of(published, new CheckpointWeights(checkpoint), backend, precision));
            }
        }

        return meter.Any ? 0 : throw new ArgumentException("no measurement matches --only");

        void Run(Func<Backend, IReadOnlyList<(string Name, Func<Action> Make)>> jobs) => Array.ForEach(threads, count => meter.Run(jobs(Backend.WithThreads(count)), count, cancel));
    }

    private static int[] Threads(string text) =>
    [
        .. text.Split(',').Select(t => int.TryParse(t, out var n) && n is > 0 and <= 1024 ? n : throw new ArgumentException($"--threads: \"{t}\" is not a number from 1 to 1024")),
    ];

    private static int Between(string option, int value, int most) => value >= 1 && value <= most ? value : throw new ArgumentException($"{option} {value} must be 1 to {most}");
}
