using Parley.Models;
using Parley.TestSupport;

namespace Parley.Cli.Tests;

public class ModelsTests
{
    [Theory]
    [InlineData("whisper-tiny", 37_184_640)]
    [InlineData("whisper-tiny.en", 37_184_256)]
    [InlineData("whisper-base", 71_825_920)]
    [InlineData("whisper-base.en", 71_825_408)]
    [InlineData("whisper-small", 240_582_912)]
    [InlineData("whisper-small.en", 240_582_144)]
    [InlineData("whisper-medium", 762_321_920)]
    [InlineData("whisper-medium.en", 762_320_896)]
    [InlineData("whisper-large", 1_541_384_960)]
    [InlineData("whisper-large-v2", 1_541_384_960)]
    [InlineData("whisper-large-v3", 1_541_570_560)]
    [InlineData("turbo", 806_958_080)]
    [InlineData("wav2vec2-base", 94_370_944)]
    [InlineData("wav2vec2-large", 315_427_968)]
    [InlineData("wav2vec2-large-lv60", 315_437_696)]
    [InlineData("hubert-base", 94_370_944)]
    public void Parameters_are_counted_exactly(string name, long count) =>
        Assert.Equal(count, ModelDescription.Trainable(ModelDescriptions.Find(name)!.Parameters()));

    [Theory]
    [InlineData("whisper-tiny", 37_760_640)]
    [InlineData("whisper-large-v3", 1_543_490_560)]
    [InlineData("turbo", 808_878_080)]
    [InlineData("wav2vec2-base", 94_371_712)]
    [InlineData("wav2vec2-base", 94_396_320)]
    [InlineData("wav2vec2-large", 315_461_792)]
    [InlineData("wav2vec2-large-lv60", 315_471_520)]
    [InlineData("hubert-large", 315_434_112)]
    [InlineData("hubert-large", 315_438_720)]
    [InlineData("hubert-xlarge", 962_492_544)]
    [InlineData("hubert-xlarge", 962_497_408)]
    public void Other_conventions_are_counted_too(string name, long count) =>
        Assert.Contains(count, ModelDescriptions.Find(name)!.OtherCounts().Select(c => c.Count));

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
        var run = CommandRun.Of("models", "describe", ModelSource.Bundled);
        Assert.Equal(0, run.Code);
        Assert.Contains("windows of 4 s", run.Output, StringComparison.Ordinal);
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
