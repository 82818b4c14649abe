using System.Diagnostics;
using System.Text.Json;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Cli.Tests;

public sealed class ListenTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Final_words_are_lines_and_partial_ones_one_line_that_changes()
    {
        var (model, file) = (Model(), Recording(seconds: 2));
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        string[] arguments = ["listen", "--model", model, "--file", file, "--fast"];
        var code = await Commands.RunAsync(arguments, new Terminal(output, error, () => Stream.Null, errorIsTerminal: true), TestContext.Current.CancellationToken);
        Assert.Equal(0, code);
        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        Assert.Contains("\r", error.ToString(), StringComparison.Ordinal);
        Assert.Matches(@"\r\e\[K\d+\.\d s heard, \d+\.\d s of them by the model\n$", error.ToString());
        Assert.DoesNotContain("\r", CommandRun.Of(arguments).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Events_are_json_lines()
    {
        var run = CommandRun.Of("listen", "--model", Model(), "--file", Recording(seconds: 2), "--fast", "--json", "--beam", "4");
        Assert.Equal(0, run.Code);
        var events = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.Equal("partial", events[0].GetProperty("event").GetString());
        Assert.Equal(("endpoint", "end_of_stream"), (events[^2].GetProperty("event").GetString(), events[^2].GetProperty("rule").GetString()));
        var final = events[^1];
        Assert.Equal("final", final.GetProperty("event").GetString());
        Assert.Equal(final.GetProperty("text").GetString(), string.Join(' ', final.GetProperty("words").EnumerateArray().Select(w => w.GetProperty("word").GetString())));
    }

    [Fact]
    public void A_recording_is_heard_at_the_speed_at_which_it_was_spoken()
    {
        var (model, file) = (Model(), Recording(seconds: 1.5));
        var start = Stopwatch.GetTimestamp();
        Assert.Equal(0, CommandRun.Of("listen", "--model", model, "--file", file).Code);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1.5, 60);
    }

    [Fact]
    public void An_interrupt_ends_cleanly_with_what_was_said()
    {
        var (model, file) = (Model(), Recording(seconds: 60));
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        var start = Stopwatch.GetTimestamp();
        var run = CommandRun.With(Stream.Null, cancel.Token, "listen", "--model", model, "--file", file);
        Assert.Equal(0, run.Code);
        Assert.NotEmpty(run.Output);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1, 50);
    }

    [Theory]
    [InlineData("--fast goes with --file", "--fast")]
    [InlineData("--device names a microphone", "--file", "x.wav", "--device", "hw:1")]
    [InlineData("a pause of 0 s", "--file", "x.wav", "--pause", "0")]
    [InlineData("no-such-model: no such folder", "--model", "./no-such-model", "--file", "x.wav")]
    public void What_cannot_be_is_said_in_one_line(string message, params string[] arguments)
    {
        var run = CommandRun.Of(["listen", .. arguments]);
        Assert.Equal(1, run.Code);
        Assert.Contains(message, Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_cannot_stream_is_named()
    {
        var run = CommandRun.Of("listen", "--model", CommandRun.Digits, "--file", CommandRun.Sample);
        Assert.Equal(1, run.Code);
        Assert.Contains("model_type \"whisper\" cannot stream", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Sixteen_bit_samples_come_from_the_first_program_there_is()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // 3 samples, the second one in two parts; then the program goes on until it is stopped.
        (string, string[])[] programs = [("no-such-recorder", []), ("sh", ["-c", """printf '\000\100\000'; sleep 0.3; printf '\300\001\000'; exec sleep 60"""])];
        using var cancel = new CancellationTokenSource();
        using var microphone = Microphone.Open(programs, cancel.Token);
        Assert.Equal("sh", microphone.Program);
        var (samples, heard) = (new float[320], new List<float>());
        while (heard.Count < 3)
        {
            var count = microphone.Read(samples);
            heard.AddRange(samples.AsSpan(0, count));
        }

        Assert.Equal([0.5f, -0.5f, 1 / 32768f], heard);
        cancel.CancelAfter(100);
        Assert.Equal(0, microphone.Read(samples));
    }

    [Fact]
    public void A_program_that_fails_and_a_missing_one_are_named()
    {
        var missing = Assert.Throws<InvalidDataException>(() => Microphone.Open([("no-such-recorder", []), ("nor-this-one", [])], CancellationToken.None));
        Assert.Contains("none of no-such-recorder, nor-this-one is on the PATH", missing.Message, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            using var microphone = Microphone.Open([("sh", ["-c", "echo no sound card >&2; exit 3"])], CancellationToken.None);
            Assert.Contains("sh ended: no sound card", Assert.Throws<InvalidDataException>(() => microphone.Read(new float[10])).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Streams_are_measured()
    {
        var run = CommandRun.Of("bench", "stream", Model(), "--seconds", "2", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.Equal(["speedstream-latency", "speedstream-silence"], lines.Select(l => l.GetProperty("name").GetString()));
        Assert.Equal(50, lines[0].GetProperty("n").GetInt32());
        Assert.True(lines[0].GetProperty("p95_ms").GetDouble() <= lines[0].GetProperty("max_ms").GetDouble());
    }

    /// <summary>A streaming model of random weights.</summary>
    private string Model()
    {
        var path = Path.Combine(_folder.Path, "model");
        Directory.CreateDirectory(path);
        var tokenizer = BpeTrainer.Train(["one two three", "four five six"], 20).ToJson();
        var size = BpeTokenizer.FromTokenizerJson("tokenizer.json", System.Text.Encoding.UTF8.GetBytes(tokenizer)).VocabSize;
        var config = new SpeedStreamConfig(VocabSize: size + 1, Blank: size, Dim: 24, Layers: 2, Heads: 2, FeedForward: 32, Window: 16);
        var parameters = Weights.Build(new RandomWeights(3), w => new SpeedStream(w, config)).Parameters;
        File.WriteAllText(Path.Combine(path, "config.json"), JsonSerializer.Serialize(config));
        File.WriteAllText(Path.Combine(path, "tokenizer.json"), tokenizer);
        using var scope = new TensorScope();
        SafetensorsFile.Write(Path.Combine(path, "model.safetensors"), parameters.Select(p => KeyValuePair.Create(p.Name, TensorData.Of(p.Tensor ?? p.Matrix!.ToTensor(Backend.Default)))));
        return path;
    }

    /// <summary>Tones that change, loud enough for the gate.</summary>
    private string Recording(double seconds)
    {
        var path = Path.Combine(_folder.Path, "tones.wav");
        var samples = new float[(int)(seconds * SpeechRecognizer.SampleRate)];
        for (var i = 0; i < samples.Length; i++)
        {
            var part = i / 3200;
            samples[i] = 0.2f * MathF.Sin(i * (0.1f + (0.05f * (part * part % 11))));
        }

        Audio.WavFile.Write(path, samples, SpeechRecognizer.SampleRate);
        return path;
    }
}
