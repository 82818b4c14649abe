using System.CommandLine;
using Parley.Training;

namespace Parley.Cli;

/// <summary><c>parley average</c>: a model from several checkpoints of a run.</summary>
internal static class AverageCommand
{
    private const string Help = """
        Writes the mean of the newest checkpoints of a run as a model, which is often better than the last of them. The run has to have kept
        them: "keepCheckpoints" in its configuration.

        Examples:
          parley average runs/conformer-digits --last 5
          parley average runs/conformer-digits --last 3 --output digits-averaged
        """;

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var run = new Argument<string>("RUN") { Description = "Folder of a training run" };
        var last = new Option<int>("--last") { Description = "Checkpoints of which the mean is taken", Required = true, HelpName = "K" };
        var output = new Option<string?>("--output", "-o") { Description = "Folder of the model; RUN/model-average unless given", HelpName = "FOLDER" };
        var command = new Command("average", Help) { run, last, output };
        command.SetAction(parse =>
        {
            var (folder, count) = (parse.GetRequiredValue(run), parse.GetValue(last));
            if (count < 1)
            {
                throw new ArgumentException($"--last {count} must be at least 1");
            }

            var target = parse.GetValue(output) ?? Path.Combine(folder, "model-average");
            AtomicFile.CheckFolder(target);
            var steps = CheckpointAverage.Write(folder, count, target);
            terminal.Error.WriteLine($"mean of the checkpoints after steps {string.Join(", ", steps)}");
            terminal.Write($"{target}\n");
            return 0;
        });
        return command;
    }
}
