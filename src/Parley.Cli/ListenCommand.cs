using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Parley.Audio;
using Parley.Models;

namespace Parley.Cli;

/// <summary><c>parley listen</c>: speech to text while it is being spoken.</summary>
internal sealed class ListenCommand(Terminal terminal, bool json)
{
    private const string Examples = """
        Speech to text while it is being spoken: from the microphone (through arecord or ffmpeg), or from a recording at the speed at which it
        was spoken. The words so far are shown on one line that changes; what is final becomes a line of the output. Ctrl-C ends.

        Examples:
          parley listen
          parley listen --file talk.wav
          parley listen --file talk.wav --fast --json
          parley listen --model runs/speedstream-digits/model --vad none
          parley listen --device hw:1,0 --hotwords 'Parley, New York=8'
        """;

    private static readonly TimeSpan s_piece = TimeSpan.FromMilliseconds(20);

    private readonly StatusLine _line = new(terminal);

    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = new Option<string?>("--model", "-m") { Description = "Folder or hub id of a streaming model; default: the bundled one" };
        var file = new Option<string?>("--file") { Description = "Recording to hear instead of the microphone", HelpName = "FILE" };
        var fast = new Option<bool>("--fast") { Description = "Hear the recording as fast as can be" };
        var device = new Option<string?>("--device") { Description = "What arecord or ffmpeg calls the microphone", HelpName = "NAME" };
        var json = new Option<bool>("--json") { Description = "One JSON object a line for each event: partial, endpoint, final" };
        var vad = new Option<string>("--vad") { Description = "What opens the gate to the model: energy, a file or folder with the Silero network, or none for a gate that is always open", DefaultValueFactory = _ => "energy", HelpName = "none|energy|PATH" };
        var pause = new Option<double?>("--pause") { Description = "Seconds of a pause that end an utterance (0.5)", HelpName = "SECONDS" };
        var beam = new Option<int?>("--beam") { Description = "Readings kept side by side; 1 is greedy", HelpName = "N" };
        var precision = new Option<string?>("--precision") { Description = "Format of the weight matrices; default: as stored" }.AcceptOnlyFromAmong(Choices.Precisions);
        var language = new LanguageOptions();
        var command = new Command("listen", Examples) { model, file, fast, device, json, vad, pause, beam, precision };
        language.AddTo(command);
        command.SetAction(async (parse, cancel) =>
        {
            var (recording, name) = (parse.GetValue(file), parse.GetValue(device));
            if (recording is null ? parse.GetValue(fast) : name is not null)
            {
                throw new ArgumentException(recording is null ? "--fast goes with --file: a microphone is not faster than it is" : "--device names a microphone and --file a recording; give one of them");
            }

            var options = new StreamingOptions(Gate: Choices.Gate(parse.GetRequiredValue(vad)), Pause: parse.GetValue(pause) ?? new StreamingOptions().Pause);
            options.Validate();
            var path = await ModelSource.ResolveStreamingAsync(parse.GetValue(model), terminal, cancel).ConfigureAwait(false);
            options = options with { Decode = language.Apply(parse, terminal, SpeedStreamConfig.Type, ModelDefaults.Read(path), new TranscriptionOptions(), parse.GetValue(beam)).Ctc };
            options.Validate();
            using var recognizer = StreamingRecognizer.Load(path, Choices.Precision(parse.GetValue(precision)));
            using var session = recognizer.Start(options);
            return new ListenCommand(terminal, parse.GetValue(json)).Run(recognizer, session, recording, parse.GetValue(fast), name, cancel);
        });
        return command;
    }

    private int Run(StreamingRecognizer recognizer, StreamingSession session, string? recording, bool isFast, string? device, CancellationToken cancel)
    {
        try
        {
            if (recording is null)
            {
                Hear(recognizer, session, device, cancel);
            }
            else
            {
                Play(session, recording, isFast, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C: what was said until now is still written.
        }

        Show(session.Finish(CancellationToken.None));
        _line.Clear();
        terminal.Error.WriteLine(FormattableString.Invariant($"{session.Taken.TotalSeconds:0.0} s heard, {session.Encoded.TotalSeconds:0.0} s of them by the model"));
        return 0;
    }

    private void Hear(StreamingRecognizer recognizer, StreamingSession session, string? device, CancellationToken cancel)
    {
        using var microphone = Microphone.Open(device, cancel);
        terminal.Error.WriteLine(FormattableString.Invariant(
            $"listening through {microphone.Program}; words come {recognizer.Latency.TotalMilliseconds:0} ms and the time to compute them after they are spoken; Ctrl-C ends"));
        var samples = new float[(int)(s_piece.TotalSeconds * SpeechRecognizer.SampleRate)];
        for (var count = microphone.Read(samples); count > 0; count = microphone.Read(samples))
        {
            Show(session.Feed(samples.AsSpan(0, count), cancel));
        }
    }

    private void Play(StreamingSession session, string recording, bool isFast, CancellationToken cancel)
    {
        var samples = AudioFile.LoadMono(recording, SpeechRecognizer.SampleRate, cancel);
        var (start, piece) = (Stopwatch.GetTimestamp(), (int)(s_piece.TotalSeconds * SpeechRecognizer.SampleRate));
        for (var at = 0; at < samples.Length; at += piece)
        {
            var end = Math.Min(at + piece, samples.Length);
            var wait = TimeSpan.FromSeconds((double)end / SpeechRecognizer.SampleRate) - Stopwatch.GetElapsedTime(start);
            if (!isFast && wait > TimeSpan.Zero)
            {
                cancel.WaitHandle.WaitOne(wait);
            }

            Show(session.Feed(samples.AsSpan(at, end - at), cancel));
        }
    }

    private void Show(IReadOnlyList<StreamingEvent> events)
    {
        foreach (var said in events)
        {
            if (json)
            {
                terminal.Write($"{Json(said)}\n");
            }
            else if (said.Kind == StreamingEventKind.Partial)
            {
                _line.ShowNow(said.Text);
            }
            else if (said.Kind == StreamingEventKind.Final)
            {
                _line.Clear();
                terminal.Write($"{said.Text}\n");
            }
        }
    }

    private static string Json(StreamingEvent said)
    {
        using var buffer = new MemoryStream();
        using (var line = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            line.WriteStartObject();
            line.WriteString("event", said.Kind switch { StreamingEventKind.Partial => "partial", StreamingEventKind.Endpoint => "endpoint", _ => "final" });
            line.WriteNumber("start", Seconds(said.Start));
            line.WriteNumber("end", Seconds(said.End));
            line.WriteString("text", said.Text);
            line.WriteNumber("confirmed", said.Confirmed);
            if (said.Rule is { } rule)
            {
                line.WriteString("rule", rule switch { EndpointRule.Pause => "pause", EndpointRule.NoMoreWords => "no_more_words", EndpointRule.Length => "length", _ => "end_of_stream" });
            }

            if (said.Segment?.Words is { } words)
            {
                line.WriteStartArray("words");
                foreach (var word in words)
                {
                    line.WriteStartObject();
                    line.WriteString("word", word.Text.Trim());
                    line.WriteNumber("start", Seconds(word.Start));
                    line.WriteNumber("end", Seconds(word.End));
                    line.WriteNumber("probability", Math.Round(word.Probability, 4));
                    line.WriteEndObject();
                }

                line.WriteEndArray();
            }

            line.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);
}
