using System.Runtime.InteropServices;
using Parley.Cli;

// The first Ctrl-C asks for a clean end, the second one ends.
using var cancel = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = !cancel.IsCancellationRequested;
    cancel.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await Commands.RunAsync(args, Terminal.System(), cancel.Token).ConfigureAwait(false);
