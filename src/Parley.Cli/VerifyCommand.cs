using System.CommandLine;
using Parley.Models;

namespace Parley.Cli;

/// <summary><c>parley verify</c>: does Parley compute what the reference computed?</summary>
internal static class VerifyCommand
{
    private const string Help = """
        Runs fixture folders (inputs, a model, and what a reference implementation made of them) and compares every tensor.
        A tensor that Parley cannot compute fails too.
        docs/verify.md tells how to make such a folder from a PyTorch model.

        Examples:
          parley verify tests/goldens/whisper_80
          parley verify fixtures/*
        """;

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var folders = new Argument<string[]>("FOLDER") { Description = "Folders with fixture.json, inputs.safetensors and expected.safetensors", Arity = ArgumentArity.OneOrMore };
        var command = new Command("verify", Help) { folders };
        command.SetAction((parse, cancel) => RunAsync(terminal, parse.GetRequiredValue(folders), cancel));
        return command;
    }

    private static Task<int> RunAsync(Terminal terminal, string[] folders, CancellationToken cancel)
    {
        var isGood = true;
        foreach (var folder in folders)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                isGood &= Verify(terminal, folder);
            }
            catch (Exception e) when (Failure.IsKnown(e) && !terminal.IsClosed)
            {
                var line = Failure.Line(e);
                terminal.Fail(line.Contains(folder, StringComparison.Ordinal) ? line : $"{folder}: {line}");
                isGood = false;
            }
        }

        return Task.FromResult(isGood ? 0 : 1);
    }

    private static bool Verify(Terminal terminal, string folder)
    {
        var results = FixtureRunner.Run(folder);
        var failed = results.Count(r => r.Verdict == FixtureVerdict.Failed);
        var missing = results.Count(r => !r.Ok) - failed;
        var passed = results.Count(r => r.Verdict == FixtureVerdict.Passed);
        var verdict = $"{passed} of {results.Count} within tolerance{Part(failed, "FAILED")}{Part(missing, "NOT COMPUTED")}";
        terminal.Write($"{folder}: {verdict}\n");
        List<string[]> rows = [["TENSOR", "LARGEST ERROR", "TOLERANCE", "VERDICT", ""]];
        rows.AddRange(results.Select(r => new[]
        {
            r.Name, r.Verdict == FixtureVerdict.NotComputed ? "-" : $"{r.MaxError:0.0e+00}", r.Verdict == FixtureVerdict.NotComputed ? "-" : $"{r.Tolerance:0.0e+00}", Word(r.Verdict), r.Detail,
        }));
        Columns.Write(terminal, rows, 1, 2);
        return passed > 0 && failed == 0 && missing == 0;
    }

    private static string Part(int count, string what) => count == 0 ? "" : $", {count} {what}";

    private static string Word(FixtureVerdict verdict) => verdict switch
    {
        FixtureVerdict.Passed => "ok",
        FixtureVerdict.Failed => "FAILED",
        _ => "not supported",
    };
}
