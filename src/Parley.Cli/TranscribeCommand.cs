using System.CommandLine;
using System.Diagnostics;
using Parley.Audio;
using Parley.Models;
using Parley.Text;

namespace Parley.Cli;

/// <summary><c>parley transcribe</c>: recordings to text.</summary>
internal sealed class TranscribeCommand(Terminal terminal, SpeechRecognizer recognizer, TranscriptionOptions options, TranscriptWriterOptions layout, string format, string? folder)
{
    private const string Examples = """
        Speech to text.

        Examples:
          parley transcribe talk.flac --model openai/whisper-base
          parley transcribe 'talks/**/*.mp3' --model whisper-base/ --format srt --output-dir subtitles
          parley transcribe meeting.wav --model whisper-base/ --batch 8 --precision int8
          parley transcribe talk.flac --model whisper-base/ --format srt --word-timestamps --max-line-width 42 --max-line-count 2
          arecord -f cd -d 5 | parley transcribe -
        """;

    private static readonly string[] s_formats = ["txt", "srt", "vtt", "tsv", "json"];

    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var files = new Argument<string[]>("FILES") { Description = "Sound files, globs, folders, or - for standard input", Arity = ArgumentArity.OneOrMore };
        var format = new Option<string>("--format", "-f") { Description = "Form of the text", DefaultValueFactory = _ => "txt" }.AcceptOnlyFromAmong([.. s_formats, "all"]);
        var folder = new Option<string?>("--output-dir", "-o") { Description = "Folder for one file a recording; default: standard output", HelpName = "FOLDER" };
        var recognition = new RecognitionOptions();
        var subtitles = new SubtitleOptions();
        var command = new Command("transcribe", Examples) { files, format, folder };
        recognition.AddTo(command);
        subtitles.AddTo(command);
        command.SetAction((parse, cancel) =>
        {
            var form = parse.GetRequiredValue(format);
            var layout = subtitles.Read(parse, form, recognition.TimesWords(parse));
            return RunAsync(terminal, parse.GetRequiredValue(files), layout, form, parse.GetValue(folder), () => recognition.LoadAsync(parse, terminal, cancel), cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, string[] arguments, TranscriptWriterOptions layout, string format, string? folder, Func<Task<(SpeechRecognizer Recognizer, TranscriptionOptions Options)>> load, CancellationToken cancel)
    {
        if (format == "all" && folder is null)
        {
            throw new ArgumentException("--format all writes several files; say where with --output-dir");
        }

        AtomicFile.CheckFolder(folder);
        var (recognizer, options) = await load().ConfigureAwait(false);
        using (recognizer)
        {
            return new TranscribeCommand(terminal, recognizer, options, layout, format, folder).Run(arguments, cancel);
        }
    }

    private int Run(string[] arguments, CancellationToken cancel)
    {
        var isGood = true;
        foreach (var argument in arguments)
        {
            try
            {
                foreach (var file in InputFiles.Expand(argument))
                {
                    isGood &= TryTranscribe(file, cancel);
                    if (cancel.IsCancellationRequested)
                    {
                        return 1;
                    }
                }
            }
            catch (Exception e) when (Failure.IsKnown(e) && !terminal.IsClosed)
            {
                terminal.Fail(Failure.Line(e));
                isGood = false;
            }
        }

        return isGood ? 0 : 1;
    }

    private bool TryTranscribe(string file, CancellationToken cancel)
    {
        try
        {
            return Transcribe(file, cancel);
        }
        catch (OperationCanceledException)
        {
            terminal.Fail($"{file}: stopped before anything was done");
        }
        catch (Exception e) when (Failure.IsKnown(e) && !terminal.IsClosed)
        {
            var line = Failure.Line(e);
            terminal.Fail(line.Contains(file, StringComparison.Ordinal) ? line : $"{file}: {line}");
        }

        return false;
    }

    private bool Transcribe(string file, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        var isInput = file == InputFiles.StandardInput;
        var name = isInput ? "standard input" : file;
        var samples = Load(file, name, cancel);
        var length = TimeSpan.FromSeconds((double)samples.Length / SpeechRecognizer.SampleRate);
        var line = new StatusLine(terminal);
        var progress = new FileProgress(line, name, length, start);
        List<TranscriptSegment> segments = [];
        string? language = null;
        var isWhole = true;
        var isStreamed = folder is null && format == "txt";
        try
        {
            foreach (var segment in recognizer.Segments(samples, options, l => language = l, progress, cancel))
            {
                segments.Add(segment);
                if (isStreamed && segment.Text.Trim() is { Length: > 0 } text)
                {
                    line.Clear();
                    terminal.Write($"{text}\n");
                }
            }
        }
        catch (OperationCanceledException)
        {
            isWhole = false;
        }

        line.Clear();
        if (!isStreamed)
        {
            var transcript = new Transcript(string.Concat(segments.Select(s => s.Text)).Trim(), language, segments, length);
            Write(transcript, isInput ? "stdin" : Path.GetFileNameWithoutExtension(file));
        }

        if (!isWhole)
        {
            terminal.Fail($"{name}: stopped; the text up to {Clock(segments.Count == 0 ? TimeSpan.Zero : segments[^1].End)} of {Clock(length)} is kept");
            return false;
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        terminal.Error.WriteLine($"{name}: {Clock(length)} in {seconds:0.0} s, {length.TotalSeconds / seconds:0.0} times real time");
        return true;
    }

    private float[] Load(string file, string name, CancellationToken cancel)
    {
        if (file != InputFiles.StandardInput)
        {
            return AudioFile.LoadMono(file, SpeechRecognizer.SampleRate, cancel);
        }

        using var input = terminal.OpenInput();
        return AudioFile.LoadMono(input, name, SpeechRecognizer.SampleRate, cancel);
    }

    private void Write(Transcript transcript, string name)
    {
        if (folder is null)
        {
            using var text = new StringWriter { NewLine = "\n" };
            var kind = Kind(format);
            TranscriptWriters.Write(text, transcript, kind, layout);
            terminal.Write(kind == TranscriptFormat.Json ? $"{text}\n" : text.ToString());
            return;
        }

        // Recordings of one name in two folders do not overwrite each other's text.
        var free = name;
        for (var i = 2; !_names.Add(free); i++)
        {
            free = $"{name}-{i}";
        }

        foreach (var one in format == "all" ? s_formats : [format])
        {
            AtomicFile.Write(Path.Combine(folder, $"{free}.{one}"), writer => TranscriptWriters.Write(writer, transcript, Kind(one), layout));
        }
    }

    private static TranscriptFormat Kind(string format) => format switch
    {
        "txt" => TranscriptFormat.Text,
        "srt" => TranscriptFormat.Srt,
        "vtt" => TranscriptFormat.Vtt,
        "tsv" => TranscriptFormat.Tsv,
        _ => TranscriptFormat.Json,
    };

    private static string Clock(TimeSpan time) => TranscriptWriters.FormatTimestamp(time)[..^4];

    private sealed class FileProgress(StatusLine line, string name, TimeSpan length, long start) : IProgress<TimeSpan>
    {
        public void Report(TimeSpan value) =>
            line.Show($"{name}: {Clock(value)} of {Clock(length)}, {value.TotalSeconds / Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} times real time");
    }
}
