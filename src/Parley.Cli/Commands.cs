using System.CommandLine;
using System.CommandLine.Invocation;

namespace Parley.Cli;

/// <summary>All commands of <c>parley</c>.</summary>
internal static class Commands
{
    /// <summary>Runs a command line; 0 is success, 1 anything else.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancel)
    {
        try
        {
            var parsed = Create(terminal).Parse(args);
            if (parsed.Action is ParseErrorAction error)
            {
                error.ShowHelp = false;
            }

            var code = await parsed.InvokeAsync(
                new InvocationConfiguration { Output = terminal.Output, Error = terminal.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
                cancel).ConfigureAwait(false);
            return code == 0 ? 0 : 1;
        }
        catch (OperationCanceledException)
        {
            terminal.Fail("stopped");
        }
        catch (IOException e) when (terminal.IsClosed)
        {
            // A reader that has left, as `head` does, needs no word about it.
            if (!Failure.IsBrokenPipe(e))
            {
                terminal.Fail($"standard output: {Failure.Line(e)}");
            }
        }
        catch (Exception e) when (Failure.IsKnown(e))
        {
            terminal.Fail(Failure.Line(e));
        }
        catch (Exception e) when (Environment.GetEnvironmentVariable("PARLEY_DEBUG") is null)
        {
            terminal.Fail($"unexpected {e.GetType().Name}: {Failure.Line(e)}; this is a mistake in Parley, please report it (PARLEY_DEBUG=1 shows where)");
        }

        return 1;
    }

    private static RootCommand Create(Terminal terminal) => new("Speech to text and back, in pure C#.")
    {
        TranscribeCommand.Create(terminal),
        ListenCommand.Create(terminal),
        AlignCommand.Create(terminal),
        EvalCommand.Create(terminal),
        TrainCommand.Create(terminal),
        ReportCommand.Create(terminal),
        AverageCommand.Create(terminal),
        QuantizeCommand.Create(terminal),
        ModelsCommand.Create(terminal),
        VerifyCommand.Create(terminal),
        LmCommand.Create(terminal),
        BenchCommand.Create(terminal),
    };
}
