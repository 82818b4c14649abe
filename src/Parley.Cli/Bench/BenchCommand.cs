using System.CommandLine;
using Parley.Models;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary><c>parley bench</c>: how fast operations and models run on this machine.</summary>
internal static class BenchCommand
{
    private const string Help = """
        Times operations, named configurations with random weights, or a checkpoint.

        Examples:
          parley bench ops --only 'sgemm|linear' --threads 1,2
          parley bench whisper base --json >> ours.jsonl
          parley bench wav2vec2 base
          parley bench whisper base --only step
          parley bench whisper-base/ --seconds 600 --precision int8
        """;

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var what = new Argument<string>("WHAT") { Description = "ops, whisper, wav2vec2, the name of a configuration, a model folder or a hub id" };
        var size = new Argument<string?>("SIZE") { Description = "With whisper or wav2vec2: tiny, base, small, large-v3, …", Arity = ArgumentArity.ZeroOrOne };
        var threads = new Option<string>("--threads") { Description = "Thread counts, one after another; default: 1 and all cores", DefaultValueFactory = _ => Environment.ProcessorCount == 1 ? "1" : $"1,{Environment.ProcessorCount}" };
        var runs = new Option<int>("--runs") { Description = "Samples of each measurement, of about 0.1 s", DefaultValueFactory = _ => 7 };
        var only = new Option<string?>("--only") { Description = "Measure only names that match", HelpName = "REGEX" };
        var json = new Option<bool>("--json") { Description = "One JSON object a line" };
        var seconds = new Option<int>("--seconds") { Description = "Length of the synthetic recording for a checkpoint", DefaultValueFactory = _ => 60 };
        var tokens = new Option<int?>("--tokens") { Description = "Decode a checkpoint greedily with at most so many tokens a window, for weights that say nothing sensible" };
        var precision = new Option<string?>("--precision") { Description = "Format of a checkpoint's weight matrices; default: as stored" }.AcceptOnlyFromAmong(Choices.Precisions);
        var command = new Command("bench", Help) { what, size, threads, runs, only, json, seconds, tokens, precision };
        command.SetAction((parse, cancel) => RunAsync(
            terminal,
            parse.GetRequiredValue(what),
            parse.GetValue(size),
            Threads(parse.GetRequiredValue(threads)),
            new BenchMeter(terminal, Math.Clamp(parse.GetValue(runs), 1, 10_000), parse.GetValue(only), parse.GetValue(json)),
            (path, name, count) => EndToEndBench.Run(
                new BenchMeter(terminal, 1, parse.GetValue(only), parse.GetValue(json)), path, name, Math.Clamp(parse.GetValue(seconds), 1, 36_000), count, Choices.Precision(parse.GetValue(precision)), parse.GetValue(tokens), cancel),
            cancel));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, string what, string? size, int[] threads, BenchMeter meter, Action<string, string, int> endToEnd, CancellationToken cancel)
    {
        var description = what == "ops" ? null : ModelDescriptions.Find(size is null ? what : $"{what}-{size}");
        if (what != "ops" && description is null)
        {
            if (size is not null)
            {
                throw new ArgumentException($"no configuration {what}-{size}; `parley models list` names them");
            }

            var path = await ModelSource.ResolveAsync(what, terminal, cancel).ConfigureAwait(false);
            var name = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
            foreach (var count in threads)
            {
                endToEnd(path, name, count);
            }

            return 0;
        }

        foreach (var count in threads)
        {
            var backend = Backend.WithThreads(count);
            meter.Run(description is null ? OpBenches.All(backend) : ModelBenches.Of(description, backend), count, cancel);
        }

        return meter.Any ? 0 : throw new ArgumentException("no measurement matches --only");
    }

    private static int[] Threads(string text) =>
    [
        .. text.Split(',').Select(t => int.TryParse(t, out var n) && n is > 0 and <= 1024 ? n : throw new ArgumentException($"--threads: \"{t}\" is not a number from 1 to 1024")),
    ];
}
