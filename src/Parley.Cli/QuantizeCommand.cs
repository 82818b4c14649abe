using System.CommandLine;
using Parley.Nn;

namespace Parley.Cli;

/// <summary><c>parley quantize</c>: a model folder with 8-bit weights.</summary>
internal static class QuantizeCommand
{
    private const string Help = """
        Writes a model with its weights as 8-bit integers, a scale for each row: a quarter of the size of float32. It is used like the model
        it came from. Measure both: parley eval says what was lost.

        Examples:
          parley quantize runs/conformer-digits/model --output digits-int8
          parley eval dev.jsonl --model digits-int8
        """;

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new Argument<string>("MODEL") { Description = "Model folder" };
        var output = new Option<string>("--output", "-o") { Description = "Folder of the new model", Required = true, HelpName = "FOLDER" };
        var command = new Command("quantize", Help) { model, output };
        command.SetAction(parse =>
        {
            var (source, target) = (parse.GetRequiredValue(model), parse.GetRequiredValue(output));
            if (Path.GetFullPath(source) == Path.GetFullPath(target))
            {
                throw new ArgumentException($"--output {target} is the model itself; name another folder");
            }

            AtomicFile.CheckFolder(target);
            Write(source, target);
            terminal.Write($"{target}\n");
            return 0;
        });
        return command;
    }

    // The weights come last: without them the folder is no model yet.
    private static void Write(string source, string target)
    {
        using var checkpoint = Checkpoint.Open(source);
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(source).Where(f => IsSmall(Path.GetFileName(f))))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
        }

        Int8Checkpoint.Write(checkpoint, Path.Combine(target, "model.safetensors"));
    }

    // Everything but weights and the index of their parts.
    private static bool IsSmall(string name) =>
        Path.GetExtension(name) is "" or ".json" or ".jsonl" or ".md" or ".model" or ".txt" && !name.EndsWith(".index.json", StringComparison.Ordinal);
}
