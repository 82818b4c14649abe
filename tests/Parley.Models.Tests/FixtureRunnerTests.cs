using Parley.TestSupport;
using Xunit;

namespace Parley.Models.Tests;

public sealed class FixtureRunnerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("parley-fixture");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_wrong_value_fails_its_own_row_only()
    {
        Copy("wav2vec2_base_ctc");
        var path = Path.Combine(_folder.FullName, "expected.safetensors");
        var bytes = File.ReadAllBytes(path);
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), 1000f);
        File.WriteAllBytes(path, bytes);
        var failed = Assert.Single(FixtureRunner.Run(_folder.FullName), r => !r.Ok);
        Assert.True(failed.MaxError > 900 && failed.MaxError > failed.Tolerance);
        Assert.Contains("1 of", failed.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_nobody_knows_is_said_to_be_so()
    {
        Copy("wav2vec2_base_ctc");
        File.WriteAllText(Path.Combine(_folder.FullName, "config.json"), "{\"model_type\": \"teleprinter\"}");
        Assert.All(FixtureRunner.Run(_folder.FullName), r => Assert.Equal((FixtureVerdict.NotComputed, false), (r.Verdict, r.Ok)));
    }

    [Theory]
    [InlineData("whisper_features_80", 7)]
    [InlineData("whisper_features_128", 7)]
    [InlineData("tokenizer_whisper", 11)]
    [InlineData("tokenizer_gpt2", 6)]
    [InlineData("tokenizer_wav2vec2_ctc", 6)]
    [InlineData("number_formats", 3)]
    [InlineData("ctc_loss", 12)]
    [InlineData("lstm", 28)]
    [InlineData("lstm_bidirectional", 44)]
    [InlineData("lstm_projected", 32)]
    [InlineData("gru_bidirectional", 42)]
    public void Folders_without_a_model_are_run_too(string golden, int passed)
    {
        var rows = FixtureRunner.Run(Goldens.Folder(golden));
        Assert.Equal(passed, rows.Count(r => r.Verdict == FixtureVerdict.Passed));
        Assert.All(rows, r => Assert.True(r.Ok, $"{golden} {r.Name}: {r.Detail}"));
    }

    // What Parley does not have is said to be so; what it has passes, gradients included.
    [Theory]
    [InlineData("audio_transforms", 23)]
    [InlineData("torch_ops", 70)]
    public void Folders_of_single_operations_are_run(string golden, int passed)
    {
        var rows = FixtureRunner.Run(Goldens.Folder(golden));
        Assert.All(rows, r => Assert.True(r.Verdict != FixtureVerdict.Failed, $"{golden} {r.Name}: {r.Detail}"));
        Assert.Equal(passed, rows.Count(r => r.Verdict == FixtureVerdict.Passed));
        Assert.All(rows.Where(r => r.Verdict == FixtureVerdict.NotComputed), r => Assert.StartsWith("Parley has no such", r.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public void A_wrong_id_fails_its_own_cases_only()
    {
        Copy("tokenizer_gpt2");
        var path = Path.Combine(_folder.FullName, "cases.json");
        var text = File.ReadAllText(path);
        var at = text.IndexOf("64", StringComparison.Ordinal);
        File.WriteAllText(path, $"{text[..at]}65{text[(at + 2)..]}");
        Assert.Equal(["encode.ids", "encode.decoded", "encode.decoded_skip_special"], FixtureRunner.Run(_folder.FullName).Where(r => r.Verdict == FixtureVerdict.Failed).Select(r => r.Name));
    }

    [Fact]
    public void Searches_are_told_by_what_the_fixture_says_of_them()
    {
        Copy("whisper_80");
        var path = Path.Combine(_folder.FullName, "fixture.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("num_beams=4", "num_beams=3", StringComparison.Ordinal).Replace("from <sot><en><transcribe><notimestamps>", "from <sot><de><transcribe><notimestamps>", StringComparison.Ordinal));
        var rows = FixtureRunner.Run(_folder.FullName);
        Assert.Contains(rows, r => r.Name == "greedy_plain_ids" && r.Verdict == FixtureVerdict.Failed);
        Assert.Contains(rows, r => r.Name == "generate_translate_ids" && r.Verdict == FixtureVerdict.Passed);
    }

    [Fact]
    public void A_folder_without_a_fixture_is_refused() =>
        Assert.Throws<FileNotFoundException>(() => FixtureRunner.Run(_folder.FullName));

    private void Copy(string name)
    {
        foreach (var file in Directory.EnumerateFiles(Goldens.Folder(name)))
        {
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        }
    }
}
