using System.Text.Json;

namespace Parley.Cli.Tests;

public class EvalTests
{
    [Fact]
    public void Errors_are_counted_over_the_manifest()
    {
        using var folder = new TemporaryFolder();
        File.Copy(CommandRun.Sample, folder["digits.wav"]);
        File.WriteAllText(folder["all.jsonl"], """
            {"audio_filepath": "digits.wav", "text": "seven eight nine one two three", "duration": 5.31}

            {"audio_filepath": "digits.wav", "text": "one two two", "offset": 4, "duration": 1.3, "id": "second"}
            """);
        var run = CommandRun.Of("eval", folder["all.jsonl"], "--json", "-o", folder["out.jsonl"]);
        Assert.Equal(0, run.Code);
        using var json = JsonDocument.Parse(run.Output);
        var root = json.RootElement;
        Assert.Equal(1.0 / 9, root.GetProperty("wer").GetDouble(), 12);
        Assert.Equal((1, 0, 0), (root.GetProperty("substitutions").GetInt32(), root.GetProperty("insertions").GetInt32(), root.GetProperty("deletions").GetInt32()));
        Assert.Equal((9, 2, 1), (root.GetProperty("words").GetInt32(), root.GetProperty("utterances").GetInt32(), root.GetProperty("exact").GetInt32()));
        Assert.True(root.GetProperty("rtfx").GetDouble() > 0);
        Assert.InRange(root.GetProperty("cer").GetDouble(), 0.05, 0.2);
        var written = File.ReadAllLines(folder["out.jsonl"]);
        Assert.Equal(2, written.Length);
        using var second = JsonDocument.Parse(written[1]);
        Assert.Equal(("second", "one two three"), (second.RootElement.GetProperty("id").GetString(), second.RootElement.GetProperty("pred_text").GetString()));
    }

    [Fact]
    public void The_report_names_the_worst_utterances()
    {
        using var folder = new TemporaryFolder();
        File.Copy(CommandRun.Sample, folder["digits.wav"]);
        File.WriteAllText(folder["all.jsonl"], """{"audio_filepath": "digits.wav", "text": "seven eight five one two three"}""");
        var run = CommandRun.Of("eval", folder["all.jsonl"]);
        Assert.Contains("1/6  seven eight five one two three  seven eight nine one two three", run.Output, StringComparison.Ordinal);
        Assert.Contains("word error rate       16.67 %  (1 substitutions, 0 insertions, 0 deletions in 6 words)", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"audio_filepath\": \"digits.wav\"}", "no \"text\"")]
    [InlineData("{\"audio_filepath\": 5, \"text\": \"a\"}", "manifest")]
    [InlineData("[1, 2]", "manifest")]
    [InlineData("nonsense", "manifest")]
    [InlineData("{\"audio_filepath\": \"digits.wav\", \"text\": \"a\", \"offset\": -1}", "offset is out of range")]
    [InlineData("{\"audio_filepath\": \"missing.wav\", \"text\": \"a\"}", "missing.wav")]
    [InlineData("{\"audio_filepath\": \"digits.wav\", \"text\": \"a\", \"offset\": 100}", "behind the end")]
    public void A_bad_line_is_named(string line, string message)
    {
        using var folder = new TemporaryFolder();
        File.Copy(CommandRun.Sample, folder["digits.wav"]);
        File.WriteAllText(folder["all.jsonl"], $"\n{line}\n");
        var run = CommandRun.Of("eval", folder["all.jsonl"]);
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Contains($"all.jsonl:2: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
