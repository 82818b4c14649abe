using System.CommandLine;
using Parley.Audio;
using Parley.Models;
using Parley.Text;

namespace Parley.Cli;

/// <summary><c>parley align</c>: where in a recording the words of a known text are.</summary>
internal static class AlignCommand
{
    private const long MostText = 16 << 20;

    private const string Help = """
        Finds when each word of a text is said: the best path of a CTC model or of hidden Markov models through recording and text (Viterbi).
        Words have times, and so have their phones (hmm-gmm) or symbols (CTC; a CTC model says a symbol in few frames, often in one, so that ends are
        early). The text has to be all that is said, in order; lines are of no meaning but for messages.

        Formats: textgrid (Praat), ctm (NIST), json, html (a page to look at), all.

        Examples:
          parley align talk.wav talk.txt --model wav2vec2/ > talk.TextGrid
          parley align talk.wav talk.txt --model runs/hmm-digits/model --format ctm
          parley align talk.flac talk.txt --model parakeet/ --format all --output-dir aligned
        """;

    private static readonly string[] s_formats = ["textgrid", "ctm", "json", "html"];

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var audio = new Argument<string>("AUDIO") { Description = "Sound file" };
        var text = new Argument<string>("TEXT") { Description = "What is said in it: a text file, UTF-8" };
        var model = new Option<string?>("--model", "-m") { Description = "Folder of a CTC model or an hmm-gmm, .nemo file, or hub id with an optional @revision; default: the bundled model" };
        var format = new Option<string>("--format", "-f") { Description = "Form of the result", DefaultValueFactory = _ => "textgrid" }.AcceptOnlyFromAmong([.. s_formats, "all"]);
        var folder = new Option<string?>("--output-dir", "-o") { Description = "Folder for files named after the recording; default: standard output", HelpName = "FOLDER" };
        var command = new Command("align", Help) { audio, text, model, format, folder };
        command.SetAction((parse, cancel) => RunAsync(
            terminal, parse.GetRequiredValue(audio), parse.GetRequiredValue(text), parse.GetValue(model), parse.GetRequiredValue(format), parse.GetValue(folder), cancel));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, string audio, string text, string? model, string format, string? folder, CancellationToken cancel)
    {
        if (format == "all" && folder is null)
        {
            throw new ArgumentException("--format all writes several files; say where with --output-dir");
        }

        AtomicFile.CheckFolder(folder);
        var lines = Lines(text);
        using var recognizer = SpeechRecognizer.Load(await ModelSource.ResolveAsync(model, terminal, cancel).ConfigureAwait(false));
        var samples = AudioFile.LoadMono(audio, SpeechRecognizer.SampleRate, cancel);
        var line = new StatusLine(terminal);
        AlignedText alignment;
        try
        {
            alignment = recognizer.Align(samples, text, lines, new Shown(line, audio), cancel);
        }
        finally
        {
            line.Clear();
        }

        var name = Path.GetFileNameWithoutExtension(audio);
        foreach (var one in format == "all" ? s_formats : [format])
        {
            if (folder is null)
            {
                using var written = new StringWriter { NewLine = "\n" };
                Write(written, alignment, samples, name, one);
                terminal.Write(written.ToString());
            }
            else
            {
                AtomicFile.Write(Path.Combine(folder, $"{name}.{(one == "textgrid" ? "TextGrid" : one)}"), writer => Write(writer, alignment, samples, name, one));
            }
        }

        return 0;
    }

    private static string[] Lines(string path)
    {
        if (Directory.Exists(path))
        {
            throw new IOException($"{path}: this is a folder; give a text file");
        }

        return new FileInfo(path) is { Exists: true, Length: > MostText } file
            ? throw new IOException($"{path}: {file.Length} bytes are no text of one recording; at most {MostText} are read")
            : File.ReadAllLines(path);
    }

    private static void Write(TextWriter writer, AlignedText alignment, ReadOnlyMemory<float> samples, string name, string format)
    {
        switch (format)
        {
            case "textgrid":
                AlignmentWriters.WriteTextGrid(writer, alignment);
                break;
            case "ctm":
                AlignmentWriters.WriteCtm(writer, alignment, name);
                break;
            case "json":
                writer.Write($"{AlignmentWriters.ToJson(alignment)}\n");
                break;
            default:
                AlignmentPage.Write(writer, alignment, samples.Span, SpeechRecognizer.SampleRate, name);
                break;
        }
    }

    private sealed class Shown(StatusLine line, string name) : IProgress<TimeSpan>
    {
        public void Report(TimeSpan value) => line.Show(FormattableString.Invariant($"{name}: {value.TotalSeconds:0} s heard"));
    }
}
