using System.CommandLine;
using Parley.Training;

namespace Parley.Cli;

/// <summary><c>parley report</c>: a training run as a page.</summary>
internal static class ReportCommand
{
    private const string Help = """
        Writes a training run as one HTML page with its curves, error rates and samples; it loads nothing from elsewhere. A run that is
        still going on can be looked at too.

        Examples:
          parley report runs/whisper-digits
          parley report runs/whisper-digits --output digits.html
        """;

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var run = new Argument<string>("RUN") { Description = "Folder of a training run" };
        var output = new Option<string?>("--output", "-o") { Description = "File to write; RUN/report.html unless given", HelpName = "FILE" };
        var command = new Command("report", Help) { run, output };
        command.SetAction(parse =>
        {
            var folder = parse.GetRequiredValue(run);
            var target = parse.GetValue(output) ?? Path.Combine(folder, "report.html");
            var html = RunReport.Html(folder);
            AtomicFile.Write(target, writer => writer.Write(html));
            terminal.Write($"{target}\n");
            return 0;
        });
        return command;
    }
}
