using System.Runtime.CompilerServices;
using Parley.TestSupport;

namespace Parley.Cli.Tests;

/// <summary>One run of the command in this process: what it wrote and how it ended.</summary>
internal sealed record CommandRun(int Code, string Output, string Error)
{
    /// <summary>The small Whisper of the tests, which is the default model in them.</summary>
    public static string Digits => Path.Combine(Goldens.Repository, "models", "whisper-digits-micro");

    /// <summary>Three seconds of spoken digits, a pause, and three more.</summary>
    public static string Sample => Path.Combine(Goldens.Repository, "samples", "digits.wav");

    /// <summary>Tests do not depend on which model comes with Parley.</summary>
    [ModuleInitializer]
    internal static void ChooseDigits() => Environment.SetEnvironmentVariable(ModelSource.Variable, Digits);

    /// <summary>Runs a command line.</summary>
    public static CommandRun Of(params string[] args) => With(Stream.Null, CancellationToken.None, args);

    /// <summary>Runs a command line with something on standard input.</summary>
    public static CommandRun With(Stream input, CancellationToken cancel, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = Commands.RunAsync(args, new Terminal(output, error, () => input), cancel).GetAwaiter().GetResult();
        return new CommandRun(code, output.ToString(), error.ToString());
    }
}
