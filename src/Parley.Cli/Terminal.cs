namespace Parley.Cli;

/// <summary>Where a command reads and writes: results to the output, everything else to the error stream.</summary>
internal sealed class Terminal(TextWriter output, TextWriter error, Func<Stream> input, bool errorIsTerminal = false)
{
    /// <summary>Results.</summary>
    public TextWriter Output => output;

    /// <summary>Progress and logs.</summary>
    public TextWriter Error => error;

    /// <summary>Whether somebody sees the error stream as it is written, so that lines may be redrawn.</summary>
    public bool IsLive => errorIsTerminal;

    /// <summary>Whether the output can no longer be written: its reader has left, or its disk is full.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>The streams of this process.</summary>
    public static Terminal System() => new(
        Console.Out, Console.Error, Console.OpenStandardInput, !Console.IsErrorRedirected);

    /// <summary>Opens standard input.</summary>
    public Stream OpenInput() => input();

    /// <summary>One line about what went wrong; names from files cannot steer the terminal.</summary>
    public void Fail(string message) => error.WriteLine($"parley: {Failure.OneLine(message)}");

    /// <summary>Writes a result and lets it be seen at once.</summary>
    public void Write(string text)
    {
        try
        {
            output.Write(text);
            output.Flush();
        }
        catch (IOException)
        {
            IsClosed = true;
            throw;
        }
    }
}
