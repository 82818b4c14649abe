using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Parley.Models;

namespace Parley.Cli;

/// <summary>Sound from a microphone, recorded by a program of the system: arecord where there is ALSA, else ffmpeg. Mono, 16 kHz.</summary>
internal sealed class Microphone : IDisposable
{
    private const int MaxMessage = 4096;

    private static readonly TimeSpan s_interrupt = TimeSpan.FromSeconds(0.3);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly CancellationTokenRegistration _registration;
    private readonly byte[] _bytes = new byte[2 * SpeechRecognizer.SampleRate / 50];
    private int _odd;

    private Microphone(Process process, string program, CancellationToken cancel)
    {
        (_process, Program) = (process, program);
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                if (line.Data is { } text && _errors.Length < MaxMessage)
                {
                    _errors.Append(_errors.Length > 0 ? "; " : "").Append(text.AsSpan(0, Math.Min(text.Length, 500)));
                }
            }
        };
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        _registration = cancel.Register(Stop);
    }

    /// <summary>The program that records.</summary>
    public string Program { get; }

    /// <summary>Starts recording.</summary>
    /// <param name="device">What the program calls the microphone; null: the system's default.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="InvalidDataException">No program can be found.</exception>
    public static Microphone Open(string? device, CancellationToken cancel) => Open(Recorders(device), cancel);

    /// <summary>The same with the first of some programs that there is.</summary>
    internal static Microphone Open(IReadOnlyList<(string Program, string[] Arguments)> recorders, CancellationToken cancel)
    {
        foreach (var (program, arguments) in recorders)
        {
            var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
            Array.ForEach(arguments, start.ArgumentList.Add);
            try
            {
                return new Microphone(Process.Start(start) ?? throw new InvalidDataException($"microphone: {program} did not start"), program, cancel);
            }
            catch (Win32Exception)
            {
                // Not on the PATH: the next one may be.
                continue;
            }
        }

        throw new InvalidDataException($"microphone: none of {string.Join(", ", recorders.Select(r => r.Program))} is on the PATH; install one, or give a recording with --file");
    }

    /// <summary>Waits for samples; 0 when recording was stopped.</summary>
    /// <exception cref="InvalidDataException">The program ended by itself.</exception>
    public int Read(Span<float> samples)
    {
        var output = _process.StandardOutput.BaseStream;
        var most = Math.Min(_bytes.Length, 2 * samples.Length);
        var read = _odd;
        while (read < 2)
        {
            var count = output.Read(_bytes, read, most - read);
            if (count == 0)
            {
                // Ctrl-C reaches the program too, and may end it before it is known here.
                return _registration.Token.WaitHandle.WaitOne(s_interrupt) ? 0 : throw new InvalidDataException($"microphone: {Ended()}");
            }

            read += count;
        }

        for (var i = 0; i < read / 2; i++)
        {
            samples[i] = BinaryPrimitives.ReadInt16LittleEndian(_bytes.AsSpan(2 * i)) / 32768f;
        }

        _odd = read % 2;
        _bytes[0] = _bytes[read - 1];
        return read / 2;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Dispose();
        Stop();
        _process.Dispose();
    }

    private static (string Program, string[] Arguments)[] Recorders(string? device)
    {
        (string, string[]) Ffmpeg(string system, string name) =>
            ("ffmpeg", ["-nostdin", "-hide_banner", "-loglevel", "error", "-f", system, "-i", name, "-ac", "1", "-ar", $"{SpeechRecognizer.SampleRate}", "-flush_packets", "1", "-f", "s16le", "pipe:1"]);
        return OperatingSystem.IsMacOS() ? [Ffmpeg("avfoundation", $":{device ?? "default"}")]
            : OperatingSystem.IsWindows() ? [Ffmpeg("dshow", $"audio={device ?? throw new ArgumentException("microphone: name one with --device; `ffmpeg -list_devices true -f dshow -i dummy` lists them")}")]
            : [("arecord", ["-q", "-D", device ?? "default", "-t", "raw", "-f", "S16_LE", "-r", $"{SpeechRecognizer.SampleRate}", "-c", "1"]), Ffmpeg("alsa", device ?? "default")];
    }

    private string Ended()
    {
        _process.WaitForExit();
        lock (_errors)
        {
            return $"{Program} ended: {(_errors.Length > 0 ? _errors.ToString() : $"exit code {_process.ExitCode}, no message")}; is there a microphone? --device names another, --file takes a recording";
        }
    }

    private void Stop()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended on its own: exactly what was wanted.
            return;
        }
    }
}
