using Parley.TestSupport;

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

    [Theory]
    [InlineData("--lm", "lm.arpa", "--lm is for CTC models; for Whisper, put names and spellings into --prompt")]
    [InlineData("--hotwords", "Parley, New York=8", "--hotwords is for CTC models")]
    [InlineData("--lm-weight", "1", "--lm-weight and --word-bonus go with --lm")]
    [InlineData("--beam", "65", "beam size 65 must be 1 to 64 for Whisper")]
    public void Whisper_refuses_what_only_ctc_models_have(string option, string value, string message)
    {
        var run = CommandRun.Of("transcribe", CommandRun.Sample, option, value);
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ctc_model_takes_a_language_model_hotwords_and_a_wide_beam()
    {
        using var folder = Letters();
        File.WriteAllText(folder["hot.txt"], "one two\n\nsix = 200\n");
        string[] command = ["transcribe", CommandRun.Sample, "--model", folder.Path, "--vad", "none"];
        var plain = CommandRun.Of(command);
        var biased = CommandRun.Of([.. command, "--lm", folder["lm.arpa"], "--lm-weight", "0.1", "--word-bonus", "2", "--hotwords", folder["hot.txt"], "--beam", "100"]);
        Assert.Equal((0, 0), (plain.Code, biased.Code));
        Assert.DoesNotContain("SIX", plain.Output, StringComparison.Ordinal);
        Assert.Contains("SIX", biased.Output, StringComparison.Ordinal);
        Assert.Contains("hot.txt:3", CommandRun.Of([.. command, "--hotwords", Bad()]).Error, StringComparison.Ordinal);
        Assert.Contains("lm.arpa:1", CommandRun.Of([.. command, "--lm", folder["hot.txt"]]).Error.Replace("hot.txt", "lm.arpa", StringComparison.Ordinal), StringComparison.Ordinal);

        string Bad()
        {
            File.WriteAllText(folder["hot.txt"], "one\n\nsix=many\n");
            return folder["hot.txt"];
        }
    }

    [Fact]
    public void A_folder_may_name_a_language_model_of_its_own()
    {
        using var folder = Letters();
        string[] command = ["transcribe", CommandRun.Sample, "--model", folder.Path, "--vad", "none"];
        var greedy = CommandRun.Of(command).Output;
        var searched = CommandRun.Of([.. command, "--lm", folder["lm.arpa"], "--lm-weight", "3", "--word-bonus", "4", "--beam", "40"]).Output;
        Assert.NotEqual(greedy, searched);

        File.WriteAllText(folder["parley.json"], """{"lm": "lm.arpa", "lm_weight": 3, "word_bonus": 4, "beam": 40}""");
        Assert.Equal(searched, CommandRun.Of(command).Output);
        Assert.Equal(greedy, CommandRun.Of([.. command, "--lm", "none"]).Output);
        Assert.Equal(greedy, CommandRun.Of([.. command, "--beam", "1"]).Output);

        File.WriteAllText(folder["parley.json"], """{"lm": "../lm.arpa"}""");
        Assert.Contains("\"lm\" is \"../lm.arpa\", which is no file of this folder", CommandRun.Of(command).Error, StringComparison.Ordinal);
        File.WriteAllText(folder["parley.json"], """{"lm": "lm.arpa", "beam": 2.5}""");
        Assert.Contains("parley.json: expected an object", CommandRun.Of(command).Error, StringComparison.Ordinal);
    }

    /// <summary>A folder with a model of random weights that writes letters, and lm.arpa.</summary>
    private static TemporaryFolder Letters()
    {
        var folder = new TemporaryFolder();
        var model = Path.Combine(Goldens.Repository, "tests", "goldens", "wav2vec2_base_ctc");
        foreach (var file in (string[])["config.json", "model.safetensors"])
        {
            File.Copy(Path.Combine(model, file), folder[file]);
        }

        string[] letters = ["<pad>", "<s>", "</s>", "<unk>", "|", .. "ETAONIHSRDLUMWCFGYPBVKXJQZ'".Select(c => $"{c}")];
        File.WriteAllText(folder["vocab.json"], $"{{{string.Join(", ", letters.Select((l, i) => $"\"{l}\": {i}"))}}}");
        File.WriteAllText(folder["text.txt"], Text);
        Assert.Equal(0, CommandRun.Of("lm", "train", folder["text.txt"], "--out", folder["lm.arpa"]).Code);
        return folder;
    }
}
