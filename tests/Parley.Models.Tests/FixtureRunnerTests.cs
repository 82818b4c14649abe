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
    public void Gradients_are_listed_as_not_computed()
    {
        var rows = FixtureRunner.Run(Goldens.Folder("wav2vec2_base_ctc"));
        var gradient = Assert.Single(rows, r => r.Name == "grad.lm_head.weight");
        Assert.Equal(("not computed: needs gradients", FixtureVerdict.NotComputed), (gradient.Detail, gradient.Verdict));
    }

    [Fact]
    public void A_model_nobody_knows_is_said_to_be_so()
    {
        Copy("wav2vec2_base_ctc");
        File.WriteAllText(Path.Combine(_folder.FullName, "config.json"), "{\"model_type\": \"teleprinter\"}");
        Assert.All(FixtureRunner.Run(_folder.FullName), r => Assert.Equal(FixtureVerdict.NotComputed, r.Verdict));
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
