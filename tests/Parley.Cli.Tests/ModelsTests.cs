using Parley.Models;
using Parley.TestSupport;

namespace Parley.Cli.Tests;

public class ModelsTests
{
    [Theory]
    [InlineData("whisper-tiny.en", "trainable", "37,184,256")]
    [InlineData("whisper-tiny", "trainable", "37,184,640")]
    [InlineData("whisper-base.en", "trainable", "71,825,408")]
    [InlineData("whisper-base", "trainable", "71,825,920")]
    [InlineData("whisper-small.en", "trainable", "240,582,144")]
    [InlineData("whisper-small", "trainable", "240,582,912")]
    [InlineData("whisper-medium.en", "trainable", "762,320,896")]
    [InlineData("whisper-medium", "trainable", "762,321,920")]
    [InlineData("large-v1", "trainable", "1,541,384,960")]
    [InlineData("whisper-large-v2", "trainable", "1,541,384,960")]
    [InlineData("whisper-large-v3", "trainable", "1,541,570,560")]
    [InlineData("turbo", "trainable", "806,958,080")]
    [InlineData("whisper-tiny", "as Hugging Face counts", "37,760,640")]
    [InlineData("whisper-base", "as Hugging Face counts", "72,593,920")]
    [InlineData("whisper-small", "as Hugging Face counts", "241,734,912")]
    [InlineData("whisper-medium", "as Hugging Face counts", "763,857,920")]
    [InlineData("whisper-large-v2", "as Hugging Face counts", "1,543,304,960")]
    [InlineData("whisper-large-v3", "as Hugging Face counts", "1,543,490,560")]
    [InlineData("turbo", "as Hugging Face counts", "808,878,080")]
    [InlineData("wav2vec2-base", "trainable", "94,370,944")]
    [InlineData("wav2vec2-base", "with the mask vector of training", "94,371,712")]
    [InlineData("wav2vec2-base", "and a CTC head of 32 symbols", "94,396,320")]
    [InlineData("wav2vec2-large", "trainable", "315,427,968")]
    [InlineData("wav2vec2-large", "with the mask vector of training", "315,428,992")]
    [InlineData("wav2vec2-large", "and a CTC head of 32 symbols", "315,461,792")]
    [InlineData("wav2vec2-large-lv60", "trainable", "315,437,696")]
    [InlineData("wav2vec2-large-lv60", "with the mask vector of training", "315,438,720")]
    [InlineData("wav2vec2-large-lv60", "and a CTC head of 32 symbols", "315,471,520")]
    [InlineData("hubert-base", "trainable", "94,370,944")]
    [InlineData("hubert-large", "as torchaudio builds it", "315,434,112")]
    [InlineData("hubert-large", "with the mask vector of training", "315,438,720")]
    [InlineData("hubert-xlarge", "as torchaudio builds it", "962,492,544")]
    [InlineData("hubert-xlarge", "with the mask vector of training", "962,497,408")]
    [InlineData("conformer-s", "in the encoder", "8,713,152")]
    [InlineData("conformer-s", "trainable", "10,341,057")]
    [InlineData("conformer-m", "in the encoder", "27,331,584")]
    [InlineData("conformer-l", "in the encoder", "115,120,128")]
    [InlineData("conformer-ctc-s", "trainable", "12,995,441")]
    [InlineData("conformer-ctc-m", "trainable", "30,538,625")]
    [InlineData("conformer-ctc-l", "trainable", "121,501,313")]
    [InlineData("conformer-ctc-xl", "trainable", "635,442,305")]
    [InlineData("conformer-transducer-s", "trainable", "14,610,753")]
    [InlineData("conformer-transducer-m", "trainable", "32,497,153")]
    [InlineData("conformer-transducer-l", "trainable", "120,444,929")]
    [InlineData("conformer-transducer-xl", "trainable", "644,253,185")]
    public void Parameters_are_counted_exactly(string name, string what, string count)
    {
        var run = CommandRun.Of("models", "describe", name);
        Assert.Equal(0, run.Code);
        var line = Assert.Single(run.Output.Split('\n'), l => l.Contains(what, StringComparison.Ordinal));
        Assert.Contains(count, line.Split(' '));
    }

    [Fact]
    public void Total_trainable_tied_and_buffers_are_apart()
    {
        var lines = CommandRun.Of("models", "describe", "whisper-tiny").Output.Split('\n');
        string Line(string name) => string.Join(' ', lines.Single(l => l.StartsWith($"{name} ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("total 37,184,640 published as 39 M", Line("total"));
        Assert.Equal("trainable 37,184,640", Line("trainable"));
        Assert.StartsWith("tied 19,916,160 ", Line("tied"), StringComparison.Ordinal);
        Assert.StartsWith("buffers 576,000 ", Line("buffers"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_listed_model_is_described()
    {
        var list = CommandRun.Of("models", "list").Output;
        foreach (var description in ModelDescriptions.All)
        {
            Assert.Contains(description.Name, list, StringComparison.Ordinal);
            Assert.NotEmpty(description.Parameters());
        }
    }

    [Fact]
    public void A_description_answers_the_four_questions()
    {
        var run = CommandRun.Of("models", "describe", "whisper-large-v3");
        Assert.Equal(0, run.Code);
        foreach (var part in new[] { "128 log-mel bands", "50 steps a second", "dynamic time warping", "51866", "1,541,570,560", "published as 1550 M", "model.encoder.layers.*.fc1.weight" })
        {
            Assert.Contains(part, run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_folder_is_described_as_it_is()
    {
        var run = CommandRun.Of("models", "describe", CommandRun.Digits);
        Assert.Equal(0, run.Code);
        Assert.Contains("windows of 4 s", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transducers_folder_is_described()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], """{ "model_type": "parakeet_tdt", "vocab_size": 1025, "blank_token_id": 1024, "encoder_config": {} }""");
        var run = CommandRun.Of("models", "describe", folder.Path);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("one of 1024 symbols or the blank", run.Output, StringComparison.Ordinal);
        Assert.Contains("(TDT)", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_says_where_the_names_are()
    {
        var run = CommandRun.Of("models", "describe", "whisper-huge");
        Assert.Equal(1, run.Code);
        Assert.Contains("`parley models list`", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Verification_has_a_row_for_every_tensor()
    {
        var run = CommandRun.Of("verify", Goldens.Folder("whisper_alignment"), Goldens.Folder("wav2vec2_base_ctc"));
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("dtw_text_indices", run.Output, StringComparison.Ordinal);
        Assert.Contains("ok", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("FAILED", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Gradients_are_compared_too() =>
        Assert.Contains("20 of 20 within tolerance\n", CommandRun.Of("verify", Goldens.Folder("wav2vec2_base_ctc")).Output, StringComparison.Ordinal);

    [Fact]
    public void A_tensor_that_nobody_computes_fails()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Goldens.Folder("whisper_features_80")))
        {
            File.Copy(file, folder[Path.GetFileName(file)]);
        }

        Assert.Equal(0, CommandRun.Of("verify", folder.Path).Code);
        File.Delete(folder["preprocessor_config.json"]);
        var run = CommandRun.Of("verify", folder.Path);
        Assert.Equal(1, run.Code);
        Assert.Contains("0 of 7 within tolerance, 7 NOT COMPUTED", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Verification_fails_when_a_tensor_is_off()
    {
        using var folder = new TemporaryFolder();
        var source = Goldens.Folder("wav2vec2_base_ctc");
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = folder[Path.GetRelativePath(source, file)];
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        // The second half of the file holds values; other exponents are other numbers.
        using (var stream = new FileStream(folder["expected.safetensors"], FileMode.Open))
        {
            var half = stream.Length / 2;
            stream.Seek(-half, SeekOrigin.End);
            stream.Write(Enumerable.Repeat((byte)0x4b, (int)half).ToArray());
        }

        var run = CommandRun.Of("verify", folder.Path);
        Assert.Equal(1, run.Code);
        Assert.Contains("FAILED", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Verification_of_no_fixture_is_one_line()
    {
        using var folder = new TemporaryFolder();
        var run = CommandRun.Of("verify", folder.Path);
        Assert.Equal(1, run.Code);
        Assert.StartsWith("parley: ", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
