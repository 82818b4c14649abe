using System.CommandLine;
using Parley.Models;

namespace Parley.Cli;

/// <summary><c>parley verify</c>: does Parley compute what the reference computed?</summary>
internal static class VerifyCommand
{
    private const string Help = """
        Runs fixture folders (inputs, a model, and what a reference implementation made of them) and compares every tensor.
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
        var failed = results.Count(r => !r.Ok);
        var computed = results.Count(r => r.Verdict != FixtureVerdict.NotComputed);
        var verdict = failed > 0 ? $"{failed} of {results.Count} tensors FAILED"
            : computed == 0 ? "nothing could be computed, so nothing is verified"
            : $"{computed} of {results.Count} tensors computed, all within tolerance";
        terminal.Write($"{folder}: {verdict}\n");
        List<string[]> rows = [["TENSOR", "LARGEST ERROR", "TOLERANCE", "VERDICT", ""]];
        rows.AddRange(results.Select(r => new[]
        {
            r.Name, r.Verdict == FixtureVerdict.NotComputed ? "-" : $"{r.MaxError:0.0e+00}", r.Verdict == FixtureVerdict.NotComputed ? "-" : $"{r.Tolerance:0.0e+00}", Word(r.Verdict), r.Detail,
        }));
        Columns.Write(terminal, rows, 1, 2);
        return failed == 0 && computed > 0;
    }

    private static string Word(FixtureVerdict verdict) => verdict switch
    {
        FixtureVerdict.Passed => "ok",
        FixtureVerdict.Failed => "FAILED",
        _ => "not computed",
    };
}
