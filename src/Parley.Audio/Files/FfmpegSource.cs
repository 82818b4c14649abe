using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Parley.Audio;

/// <summary>Any other format, decoded by the ffmpeg program when there is one.</summary>
/// <remarks>ffmpeg writes a float wave to its output, so that rate and channels come with the samples. It may open files only, never the network.</remarks>
internal sealed class FfmpegSource : SampleSource
{
    private const int MaxMessage = 4096;

    private readonly Process _process;
    private readonly WavSource _wave;
    private readonly StringBuilder _errors;
    private readonly string _name;
    private readonly CancellationTokenRegistration _registration;

    private FfmpegSource(Process process, WavSource wave, StringBuilder errors, string name, CancellationTokenRegistration registration)
        : base(wave.SampleRate, wave.Channels) =>
        (_process, _wave, _errors, _name, _registration) = (process, wave, errors, name, registration);

    public static FfmpegSource Open(string path, string name, string what, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("ffmpeg") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe", "-i", "file:" + Path.GetFullPath(path),
            "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-c:a", "pcm_f32le", "-f", "wav", "pipe:1",
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            process = Process.Start(start) ?? throw new InvalidDataException($"{name}: ffmpeg did not start");
        }
        catch (Win32Exception)
        {
            throw new InvalidDataException($"{name}: {what} is not decoded here and there is no ffmpeg on the PATH; install ffmpeg or convert the file to WAV or FLAC");
        }

        var errors = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
            {
                if (line.Data is { } text && errors.Length < MaxMessage)
                {
                    errors.Append(errors.Length > 0 ? "; " : "").Append(text.AsSpan(0, Math.Min(text.Length, 500)));
                }
            }
        };
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        var registration = cancel.Register(() => Stop(process));
        try
        {
            var output = new ForwardStream(process.StandardOutput.BaseStream, name);
            if (!WavSource.Matches(output.Peek(12)) || WavSource.Open(output, out _) is not { } wave)
            {
                cancel.ThrowIfCancellationRequested();
                process.WaitForExit();
                throw new InvalidDataException(Failure(name, what, errors));
            }

            return new FfmpegSource(process, wave, errors, name, registration);
        }
        catch
        {
            registration.Dispose();
            Stop(process);
            process.Dispose();
            cancel.ThrowIfCancellationRequested();
            throw;
        }
    }

    public override int Read(Span<float> interleaved)
    {
        var read = _wave.Read(interleaved);
        if (read == 0)
        {
            _registration.Token.ThrowIfCancellationRequested();
            _process.WaitForExit();
            if (_process.ExitCode != 0)
            {
                throw new InvalidDataException(Failure(_name, "the file", _errors));
            }
        }

        return read;
    }

    public override void Dispose()
    {
        _registration.Dispose();
        Stop(_process);
        _wave.Dispose();
        _process.Dispose();
        base.Dispose();
    }

    private static string Failure(string name, string what, StringBuilder errors)
    {
        lock (errors)
        {
            return $"{name}: ffmpeg cannot decode {what}: {(errors.Length > 0 ? errors.ToString() : "no message")}; the file is damaged or is not sound";
        }
    }

    private static void Stop(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended on its own: exactly what was wanted.
            return;
        }
    }
}
