namespace Parley.Cli.Tests;

public class LmTests
{
    private const string Text = "one two three\none two four\nthree two one\n";

    [Fact]
    public void A_model_is_trained_written_and_scored()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["text.txt"], Text);
        var train = CommandRun.Of("lm", "train", folder["text.txt"], "--order", "3", "--prune", "0", "0", "1", "--out", folder["new/lm.arpa.gz"]);
        Assert.Equal((0, ""), (train.Code, train.Output));
        Assert.Contains("7 1-grams, 10 2-grams, 1 3-grams from 3 sentences with 9 words", train.Error, StringComparison.Ordinal);
        Assert.Contains("the counts of 2, 3-grams give no discounts", train.Error, StringComparison.Ordinal);

        using var input = new MemoryStream("one two five\n"u8.ToArray());
        var score = CommandRun.With(input, CancellationToken.None, "lm", "score", folder["new/lm.arpa.gz"], "-");
        Assert.Equal(0, score.Code);
        Assert.Matches(@"^perplexity +\d+\.\d\d\n(.*\n)*words +3\nunknown words +1\n$", score.Output);
    }

    [Theory]
    [InlineData("absent.txt", "3", "lm.arpa", "absent.txt")]
    [InlineData("text.txt", "30", "lm.arpa", "order 30; 1 to 10 are possible")]
    [InlineData("text.txt", "3", ".", "this is a folder")]
    [InlineData("bad.txt", "3", "lm.arpa", "bad.txt:2: <s> is the mark of a sentence's begin")]
    [InlineData("empty.txt", "3", "lm.arpa", "the text has no words")]
    public void What_cannot_be_trained_is_one_line(string text, string order, string output, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["text.txt"], Text);
        File.WriteAllText(folder["bad.txt"], "fine\n<s> not\n");
        File.WriteAllText(folder["empty.txt"], "\n\n");
        var run = CommandRun.Of("lm", "train", folder[text], "--order", order, "--out", folder[output]);
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Contains(message, Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.False(File.Exists(folder["lm.arpa"]));
    }

    [Fact]
    public void A_damaged_model_is_one_line_with_its_line_number()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["lm.arpa"], "\\data\\\nngram 1=2\n\n\\1-grams:\n-1\t<s>\n");
        File.WriteAllText(folder["text.txt"], Text);
        var run = CommandRun.Of("lm", "score", folder["lm.arpa"], folder["text.txt"]);
        Assert.Equal(1, run.Code);
        Assert.Contains("lm.arpa:5: the header says 2 1-grams, here are 1", run.Error, StringComparison.Ordinal);
    }
}
