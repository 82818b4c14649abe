using System.CommandLine;
using System.Diagnostics;
using Parley.Decoding;

namespace Parley.Cli;

/// <summary><c>parley lm</c>: language models that help a search choose between words that sound alike.</summary>
internal static class LmCommand
{
    private const string TrainHelp = """
        Estimates an n-gram language model from text: modified Kneser-Ney, interpolated. A line is a sentence, words stand between spaces; write
        them as the recogniser does, upper or lower case. Text may be compressed with gzip.

        Examples:
          parley lm train sentences.txt --out lm.arpa.gz
          parley lm train books/*.txt --order 3 --prune 0 0 1 --out lm.arpa
          zcat news.gz | parley lm train - --out news.ngrams
        """;

    private const string ScoreHelp = """
        Tells how well a language model expects a text: its perplexity, ends of lines included, and the words that the model does not know.

        Examples:
          parley lm score lm.arpa.gz dev.txt
          parley lm score lm.arpa -
        """;

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var texts = new Argument<string[]>("TEXT") { Description = "Text files, or - for standard input", Arity = ArgumentArity.OneOrMore };
        var order = new Option<int>("--order") { Description = "Words of the longest n-grams, 1 to 10", DefaultValueFactory = _ => 4, HelpName = "N" };
        var prune = new Option<int[]?>("--prune") { Description = "Leave out n-grams of at most this count, one number an order; the first is 0, the last holds for the rest", AllowMultipleArgumentsPerToken = true, HelpName = "COUNTS" };
        var output = new Option<string>("--out", "-o") { Description = "ARPA file, compressed when its name ends in .gz; or .ngrams, Parley's own, which opens at once", Required = true, HelpName = "FILE" };
        var train = new Command("train", TrainHelp) { texts, order, prune, output };
        train.SetAction((parse, cancel) => Task.FromResult(Train(
            terminal, parse.GetRequiredValue(texts), new KneserNeyOptions(parse.GetValue(order), parse.GetValue(prune) is { Length: > 0 } counts ? counts : null), parse.GetRequiredValue(output), cancel)));

        var model = new Argument<string>("LM") { Description = "ARPA file, plain or gzip, or .ngrams" };
        var text = new Argument<string>("TEXT") { Description = "Text file, or - for standard input" };
        var score = new Command("score", ScoreHelp) { model, text };
        score.SetAction((parse, cancel) => Task.FromResult(Score(terminal, parse.GetRequiredValue(model), parse.GetRequiredValue(text), cancel)));
        return new Command("lm", "Trains and measures n-gram language models.") { train, score };
    }

    /// <summary>Reads a language model and shows how far it is.</summary>
    public static NGramModel Load(Terminal terminal, string path)
    {
        var line = new StatusLine(terminal);
        var model = NGramModel.Load(path, new Shown<double>(part => line.Show($"{path}: {100 * part:0} %")));
        line.Clear();
        return model;
    }

    private static int Train(Terminal terminal, string[] texts, KneserNeyOptions options, string output, CancellationToken cancel)
    {
        AtomicFile.CheckFile(output);
        var start = Stopwatch.GetTimestamp();
        var trainer = new KneserNeyTrainer(options);
        var line = new StatusLine(terminal);
        foreach (var path in texts)
        {
            using var stream = Open(terminal, path);
            trainer.AddText(stream, Name(path), new Shown<long>(sentences => line.Show($"{Name(path)}: {sentences:N0} sentences, {trainer.Count(options.Order):N0} {options.Order}-grams")), cancel);
        }

        line.Show($"estimating from {trainer.Words:N0} words");
        var model = trainer.Build();
        line.Show($"writing {output}");
        if (Path.GetDirectoryName(Path.GetFullPath(output)) is { } folder)
        {
            AtomicFile.CheckFolder(folder);
            Directory.CreateDirectory(folder);
        }

        model.Save(output);
        line.Clear();
        var grams = string.Join(", ", Enumerable.Range(1, model.Order).Select(n => $"{model.Count(n):N0} {n}-grams"));
        terminal.Error.WriteLine($"{output}: {grams} from {trainer.Sentences:N0} sentences with {trainer.Words:N0} words in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        if (trainer.Discounts.Select((d, i) => (d.IsFallback, Order: i + 1)).Where(d => d.IsFallback).Select(d => d.Order).ToArray() is { Length: > 0 } orders)
        {
            terminal.Error.WriteLine($"note: the counts of {string.Join(", ", orders)}-grams give no discounts, as in small or repetitive text; 0.5, 1 and 1.5 were taken");
        }

        return 0;
    }

    private static int Score(Terminal terminal, string path, string text, CancellationToken cancel)
    {
        using var stream = Open(terminal, text);
        var model = Load(terminal, path);
        var score = LanguageModelScore.Of(model, stream, Name(text), cancel);
        List<string[]> rows =
        [
            ["perplexity", $"{score.Perplexity:0.00}"],
            ["without unknown words", $"{score.KnownPerplexity:0.00}"],
            ["log10 probability", $"{score.LogProb:0.0000}"],
            ["sentences", $"{score.Sentences}"],
            ["words", $"{score.Words}"],
            ["unknown words", $"{score.Unknown}"],
        ];
        Columns.Write(terminal, rows, 1);
        return 0;
    }

    private static Stream Open(Terminal terminal, string path) =>
        path == InputFiles.StandardInput ? terminal.OpenInput()
        : Directory.Exists(path) ? throw new IOException($"{path}: this is a folder; give a text file")
        : File.OpenRead(path);

    private static string Name(string path) => path == InputFiles.StandardInput ? "standard input" : path;

    private sealed class Shown<T>(Action<T> show) : IProgress<T>
    {
        public void Report(T value) => show(value);
    }
}
