namespace Parley.Cli.Tests;

/// <summary>Options of `parley transcribe` that lay out subtitles, and those that steer draws and prompts.</summary>
public class SubtitleTests
{
    [Theory]
    [InlineData("--max-words-per-line", "2")]
    [InlineData("--max-line-width", "11", "--max-line-count", "1")]
    public void Subtitles_are_cut_between_words(params string[] options)
    {
        var lines = Srt(options).Where(l => l.Length > 0 && !char.IsAsciiDigit(l[0]));
        Assert.Equal(["seven eight", "nine", "one two", "three"], lines);
    }

    [Fact]
    public void Each_word_is_underlined_in_turn()
    {
        var lines = Srt("--highlight-words");
        Assert.Contains("seven <u>eight</u> nine", lines);
        Assert.Equal(6, lines.Count(l => l.Contains("<u>", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--max-line-width 0 must be 1 or more", "--format", "srt", "--word-timestamps", "--max-line-width", "0")]
    [InlineData("--max-line-count counts lines of a given width; add --max-line-width", "--format", "vtt", "--word-timestamps", "--max-line-count", "2")]
    [InlineData("give one of them", "--format", "vtt", "--word-timestamps", "--max-line-width", "20", "--max-words-per-line", "3")]
    [InlineData("--highlight-words lays out subtitles; it needs --format srt, vtt or all", "--word-timestamps", "--highlight-words")]
    [InlineData("--max-words-per-line needs the times of words; add --word-timestamps", "--format", "srt", "--max-words-per-line", "3")]
    [InlineData("carrying the initial prompt needs an initial prompt", "--carry-prompt")]
    [InlineData("length penalty 2 must be 0 to 1", "--length-penalty", "2")]
    public void Options_without_effect_are_one_line(string message, params string[] options)
    {
        var run = CommandRun.Of(["transcribe", CommandRun.Sample, .. options]);
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Contains(message, Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_seed_repeats_its_draws_and_another_draws_others()
    {
        var first = Drawn("--temperature", "2", "--best-of", "1", "--seed", "1");
        Assert.Equal(first, Drawn("--temperature", "2", "--best-of", "1", "--seed", "1"));
        Assert.NotEqual(first, Drawn("--temperature", "2", "--best-of", "1", "--seed", "2"));
    }

    [Fact]
    public void A_length_penalty_favours_longer_draws()
    {
        string[] draws = ["--clip", "0-3.5", "--temperature", "2.5", "--best-of", "3", "--seed", "5", "--length-penalty"];
        Assert.True(Drawn([.. draws, "1"]).Length > Drawn([.. draws, "0"]).Length);
    }

    // The digits model never saw a prompt, so it says less after one: the second window shows whether it had it.
    [Fact]
    public void A_prompt_is_shown_once_or_before_every_window()
    {
        var once = Drawn("--prompt", "one").Split('\n');
        var always = Drawn("--prompt", "one", "--carry-prompt").Split('\n');
        Assert.Equal(once[0], always[0]);
        Assert.Equal("one two three", once[1]);
        Assert.NotEqual(once[1], always[1]);
    }

    private static string[] Srt(params string[] options) => Drawn(["--format", "srt", "--word-timestamps", .. options]).Split('\n');

    private static string Drawn(params string[] options)
    {
        var run = CommandRun.Of(["transcribe", CommandRun.Sample, .. options]);
        Assert.True(run.Code == 0, run.Error);
        return run.Output;
    }
}
