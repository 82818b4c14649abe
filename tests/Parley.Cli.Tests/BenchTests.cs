using System.Text.Json;
using Parley.Models;

namespace Parley.Cli.Tests;

public class BenchTests
{
    [Fact]
    public void Measurements_are_lines_with_the_peers_fields()
    {
        var run = CommandRun.Of("bench", "ops", "--only", "^layernorm", "--threads", "1,2", "--runs", "2", "--json");
        Assert.Equal(0, run.Code);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        using var json = JsonDocument.Parse(lines[1]);
        var root = json.RootElement;
        Assert.Equal(("layernorm-1500x512", "parley", 2, 2), (root.GetProperty("name").GetString(), root.GetProperty("peer").GetString(), root.GetProperty("threads").GetInt32(), root.GetProperty("n").GetInt32()));
        Assert.InRange(root.GetProperty("min_ms").GetDouble(), 1e-4, root.GetProperty("median_ms").GetDouble());
    }

    [Fact]
    public void A_checkpoint_is_measured_end_to_end()
    {
        var run = CommandRun.Of("bench", CommandRun.Digits, "--threads", "1", "--seconds", "8", "--tokens", "4");
        Assert.Equal(0, run.Code);
        Assert.Contains("whisper-digits-micro-8s-sequential", run.Output, StringComparison.Ordinal);
        Assert.Contains("whisper-digits-micro-8s-batched", run.Output, StringComparison.Ordinal);
        Assert.Contains("peak_mib", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_window_has_just_the_tokens_asked_for()
    {
        var run = CommandRun.Of("bench", CommandRun.Digits, "--threads", "1", "--seconds", "16", "--tokens", "5", "--batch", "2", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToDictionary(l => l.GetProperty("name").GetString()!);
        Assert.Equal(["whisper-digits-micro-load", "whisper-digits-micro-16s-sequential", "whisper-digits-micro-16s-sequential-conditioned", "whisper-digits-micro-16s-batched"], lines.Keys);
        Assert.Equal(4 * 5, lines["whisper-digits-micro-16s-sequential"].GetProperty("tokens").GetInt32());
        Assert.Equal(0, lines["whisper-digits-micro-16s-batched"].GetProperty("tokens").GetInt32() % 5);
        Assert.True(lines["whisper-digits-micro-16s-batched"].GetProperty("rtfx").GetDouble() > 0);
    }

    [Fact]
    public void A_checkpoint_is_measured_in_parts()
    {
        var run = CommandRun.Of("bench", CommandRun.Digits, "--threads", "1", "--runs", "1", "--precision", "int8");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal(
            ["whisper-digits-micro-encoder-int8", "whisper-digits-micro-crosskv-int8", "whisper-digits-micro-step-int8"],
            run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')[0]));
    }

    [Theory]
    [InlineData("whisper")]
    [InlineData("wav2vec2")]
    public void Random_weights_are_a_checkpoint_that_is_written_once(string family)
    {
        using var folder = new TemporaryFolder();
        var small = family == "whisper"
            ? new ModelDescription("small", "", "", Whisper: new WhisperConfig(80, 16, 1, 1, 2, 2, 32, 32, 100, 64, 51865))
            : new ModelDescription("small", "", "", Wav2Vec2: new Wav2Vec2Config("wav2vec2", Dim: 16, Layers: 1, Heads: 2, FeedForward: 32, PositionGroups: 4));
        var error = new StringWriter();
        var terminal = new Terminal(TextWriter.Null, error, () => Stream.Null);
        var path = RandomCheckpoint.Of(small, folder.Path, terminal);
        using (var recognizer = SpeechRecognizer.Load(path))
        {
            Assert.Equal(family, recognizer.ModelType);
        }

        var written = File.GetLastWriteTimeUtc(Path.Combine(path, "model.safetensors"));
        Assert.Equal(path, RandomCheckpoint.Of(small, folder.Path, terminal));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(path, "model.safetensors")));
        Assert.Single(error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void A_pattern_without_matches_is_an_error()
    {
        var run = CommandRun.Of("bench", "ops", "--only", "nothing-of-the-kind");
        Assert.Equal(1, run.Code);
        Assert.Contains("no measurement matches --only", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("transcribe")]
    [InlineData("listen")]
    [InlineData("eval")]
    [InlineData("models")]
    [InlineData("models describe")]
    [InlineData("models pull")]
    [InlineData("verify")]
    [InlineData("bench")]
    public void Help_has_examples(string command)
    {
        var run = CommandRun.Of([.. command.Split(' '), "--help"]);
        Assert.Equal(0, run.Code);
        Assert.Contains($"parley {command}", run.Output, StringComparison.Ordinal);
    }
}
