using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Parley.Audio;
using Parley.Models;
using Parley.Text;
using Parley.Training;

namespace Parley.Cli;

/// <summary><c>parley eval</c>: how many words a recogniser gets wrong.</summary>
internal static class EvalCommand
{
    private const int Worst = 10;

    private const string Help = """
        Transcribes the recordings of a manifest and counts errors. A line is {"audio_filepath": "a.wav", "text": "one two"} with
        optional "offset" and "duration" in seconds; paths are relative to the manifest.

        Examples:
          parley eval digits.jsonl
          parley eval test.jsonl --model openai/whisper-base --language en --output predictions.jsonl
          parley eval test.jsonl --model whisper-base/ --json
        """;

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var manifest = new Argument<string>("MANIFEST") { Description = "JSON lines, as NeMo has them" };
        var normalizer = new Option<string>("--normalizer") { Description = "What is done to both texts before they are compared", DefaultValueFactory = _ => "none" }.AcceptOnlyFromAmong(TextRules.Names);
        var json = new Option<bool>("--json") { Description = "Print one JSON object instead of the report" };
        var output = new Option<string?>("--output", "-o") { Description = "Write the manifest with pred_text to a file", HelpName = "FILE" };
        var recognition = new RecognitionOptions();
        var command = new Command("eval", Help) { manifest, normalizer, json, output };
        recognition.AddTo(command);
        command.SetAction(async (parse, cancel) =>
        {
            var path = parse.GetRequiredValue(manifest);
            AtomicFile.CheckFile(parse.GetValue(output));
            var lines = ManifestEntry.Read(path);
            var rule = TextRules.Of(parse.GetRequiredValue(normalizer));
            var (recognizer, options) = await recognition.LoadAsync(parse, terminal, cancel).ConfigureAwait(false);
            using (recognizer)
            {
                var result = Run(terminal, recognizer, options, path, lines, rule, cancel);
                if (parse.GetValue(output) is { } target)
                {
                    AtomicFile.Write(target, writer => WritePredictions(writer, lines, result.Items));
                }

                terminal.Write(parse.GetValue(json) ? $"{Json(result)}\n" : Report(terminal, result));
                return 0;
            }
        });
        return command;
    }

    private static Result Run(
        Terminal terminal, SpeechRecognizer recognizer, TranscriptionOptions options, string manifest, IReadOnlyList<ManifestEntry> lines, Func<string, string> rule, CancellationToken cancel)
    {
        var status = new StatusLine(terminal);
        var start = Stopwatch.GetTimestamp();
        var result = new Result();
        foreach (var line in lines)
        {
            ReadOnlyMemory<float> samples;
            try
            {
                samples = line.Cut(AudioFile.LoadMono(line.Audio, SpeechRecognizer.SampleRate, cancel), SpeechRecognizer.SampleRate);
            }
            catch (Exception e) when (Failure.IsKnown(e) && !e.Message.StartsWith(manifest, StringComparison.Ordinal))
            {
                throw new InvalidDataException($"{manifest}:{line.Line}: {Failure.Line(e)}", e);
            }

            var text = recognizer.Transcribe(samples, options, cancel: cancel).Text;
            result.Add(line, text, rule, (double)samples.Length / SpeechRecognizer.SampleRate);
            result.Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            status.Show($"{result.Items.Count} of {lines.Count} utterances, word error rate {Percent(result.Words.Rate)}, {result.AudioSeconds / result.Seconds:0.0} times real time");
        }

        status.Clear();
        return result;
    }

    private static string Report(Terminal terminal, Result result)
    {
        var (words, characters) = (result.Words, result.Characters);
        var bad = result.Items.Where(i => i.Words.Errors > 0).OrderByDescending(i => i.Words.Rate).ThenByDescending(i => i.Words.Errors).Take(Worst).ToArray();
        if (bad.Length > 0)
        {
            List<string[]> rows = [["LINE", "ERRORS", "REFERENCE", "RECOGNISED"]];
            rows.AddRange(bad.Select(i => new[] { $"{i.Line.Line}", $"{i.Words.Errors}/{i.Words.Length}", i.Reference, i.Hypothesis }));
            Columns.Write(terminal, rows, 0, 1);
            terminal.Write("\n");
        }

        return $"""
            word error rate       {Percent(words.Rate)}  ({words.Substitutions} substitutions, {words.Insertions} insertions, {words.Deletions} deletions in {words.Length} words)
            character error rate  {Percent(characters.Rate)}
            exact utterances      {Percent((double)result.Exact / result.Items.Count)}  ({result.Exact} of {result.Items.Count})
            real-time factor      {result.AudioSeconds / result.Seconds:0.0} times real time  ({result.AudioSeconds:0.0} s in {result.Seconds:0.0} s)

            """.ReplaceLineEndings("\n");
    }

    private static string Json(Result result)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            Rate("wer", result.Words.Rate);
            Rate("cer", result.Characters.Rate);
            json.WriteNumber("substitutions", result.Words.Substitutions);
            json.WriteNumber("insertions", result.Words.Insertions);
            json.WriteNumber("deletions", result.Words.Deletions);
            json.WriteNumber("words", result.Words.Length);
            json.WriteNumber("utterances", result.Items.Count);
            json.WriteNumber("exact", result.Exact);
            json.WriteNumber("audio_seconds", Math.Round(result.AudioSeconds, 3));
            json.WriteNumber("seconds", Math.Round(result.Seconds, 3));
            json.WriteNumber("rtfx", Math.Round(result.AudioSeconds / result.Seconds, 3));
            json.WriteEndObject();

            // Errors without a single reference word have no rate.
            void Rate(string name, double rate)
            {
                if (double.IsFinite(rate))
                {
                    json.WriteNumber(name, rate);
                }
                else
                {
                    json.WriteNull(name);
                }
            }
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WritePredictions(TextWriter writer, IReadOnlyList<ManifestEntry> lines, IReadOnlyList<Item> items)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            using var buffer = new MemoryStream();
            using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            using (var line = JsonDocument.Parse(lines[i].Json))
            {
                json.WriteStartObject();
                foreach (var property in line.RootElement.EnumerateObject().Where(p => p.Name != "pred_text"))
                {
                    property.WriteTo(json);
                }

                json.WriteString("pred_text", items[i].Text);
                json.WriteEndObject();
            }

            writer.Write($"{System.Text.Encoding.UTF8.GetString(buffer.ToArray())}\n");
        }
    }

    private static string Percent(double rate) => double.IsFinite(rate) ? $"{100 * rate:0.00} %" : "none (no reference words)";

    private sealed record Item(ManifestEntry Line, string Text, string Reference, string Hypothesis, EditCounts Words);

    private sealed class Result
    {
        public List<Item> Items { get; } = [];

        public EditCounts Words { get; private set; }

        public EditCounts Characters { get; private set; }

        public int Exact { get; private set; }

        public double AudioSeconds { get; private set; }

        public double Seconds { get; set; }

        public void Add(ManifestEntry line, string text, Func<string, string> rule, double seconds)
        {
            var (reference, hypothesis) = (rule(line.Text), rule(text));
            var words = ErrorRate.Words(reference, hypothesis);
            Items.Add(new Item(line, text, reference, hypothesis, words));
            Words += words;
            Characters += ErrorRate.Characters(reference, hypothesis);
            Exact += words.Errors == 0 ? 1 : 0;
            AudioSeconds += seconds;
        }
    }
}
