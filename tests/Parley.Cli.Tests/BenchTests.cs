using System.Text.Json;

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
        var run = CommandRun.Of("bench", ModelSource.Bundled, "--threads", "1", "--seconds", "8", "--tokens", "4");
        Assert.Equal(0, run.Code);
        Assert.Contains("whisper-digits-micro-8s-sequential", run.Output, StringComparison.Ordinal);
        Assert.Contains("whisper-digits-micro-8s-batched", run.Output, StringComparison.Ordinal);
        Assert.Contains("peak_mib", run.Output, StringComparison.Ordinal);
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
