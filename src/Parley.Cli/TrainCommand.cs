using System.CommandLine;
using Parley.Models;
using Parley.Training;

namespace Parley.Cli;

/// <summary><c>parley train</c>: trains or fine-tunes a model.</summary>
internal static class TrainCommand
{
    private const string Help = """
        Trains a model as a configuration says. The run's folder ("output") gets checkpoints, metrics.jsonl and the finished model, which
        `parley transcribe --model OUTPUT/model` opens. Ctrl-C saves a checkpoint; --resume goes on from the newest one, to the same
        parameters as if the run had never stopped.

        Examples:
          parley train configs/whisper-digits.json
          parley train configs/hmm-digits.json
          parley train configs/whisper-digits.json --set steps=100 --set output=../runs/short
          parley train configs/whisper-digits.json --resume
          mpirun -n 2 parley train configs/whisper-digits.json          (Open MPI; each process takes every second batch)
          parley train --fields
        """;

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var config = new Argument<string?>("CONFIG") { Description = "Configuration (JSON)", Arity = ArgumentArity.ZeroOrOne };
        var set = new Option<string[]>("--set") { Description = "Change a field of the configuration", HelpName = "FIELD=VALUE" };
        var resume = new Option<bool>("--resume") { Description = "Go on from the newest checkpoint, if there is one" };
        var check = new Option<bool>("--check") { Description = "Check configuration, model and data, and train nothing" };
        var fields = new Option<bool>("--fields") { Description = "List all fields of a configuration" };
        var command = new Command("train", Help) { config, set, resume, check, fields };
        command.SetAction((parse, cancel) =>
        {
            if (parse.GetValue(fields))
            {
                terminal.Write(ConfigFile.Fields());
                return Task.FromResult(0);
            }

            var path = parse.GetValue(config) ?? throw new ArgumentException("train: name a configuration, such as configs/whisper-digits.json");
            return Task.FromResult(Run(terminal, ConfigFile.Read(path, parse.GetValue(set)), parse.GetValue(resume), parse.GetValue(check), cancel));
        });
        return command;
    }

    private static int Run(Terminal terminal, TrainingConfig config, bool resume, bool check, CancellationToken cancel)
    {
        using var processes = MpiProcesses.Join();
        try
        {
            return Run(terminal, config, processes, resume, check, cancel);
        }
        catch (Exception e) when (processes.Count > 1 && e is not OperationCanceledException)
        {
            // The others would wait for this one for ever.
            terminal.Fail($"process {processes.Rank} of {processes.Count}: {Failure.Line(e)}");
            processes.Abort();
            throw;
        }
    }

    private static int Run(Terminal terminal, TrainingConfig config, ICollective processes, bool resume, bool check, CancellationToken cancel)
    {
        // The first process looks at everything, and writes what all need, before the others do: a mistake is told once.
        if (processes.Rank > 0)
        {
            processes.Wait();
        }

        var isCounted = config.Model.Type == HmmGmmConfig.Type;
        if (isCounted && processes.Count > 1)
        {
            throw new NotSupportedException("an hmm-gmm is trained in one process, on all cores; start it without mpirun");
        }

        using var task = isCounted ? null : TaskCatalog.Create(config);
        var progress = new TrainingProgress(terminal, config.Steps);
        using ITrainingRun run = task is null ? new HmmGmmRun(config, progress) : new Trainer(config, task, progress, processes);
        if (processes.Rank == 0)
        {
            processes.Wait();
        }

        if (check)
        {
            return 0;
        }

        try
        {
            run.Run(resume, cancel);
        }
        finally
        {
            progress.Clear();
        }

        terminal.Write(processes.Rank == 0 ? $"{run.ModelFolder}\n" : "");
        return 0;
    }
}
