using Parley.TestSupport;
using Xunit;

namespace Parley.Cli.Tests;

/// <summary>The model that comes with Parley.</summary>
public sealed class BundledModelTests
{
    private static string Samples => Path.Combine(Goldens.Repository, "samples");

    [Theory]
    [InlineData("sentence.flac")]
    [InlineData("digits.wav")]
    public void The_samples_are_understood(string sample)
    {
        var expected = File.ReadAllText(Path.Combine(Samples, Path.ChangeExtension(sample, ".txt")));
        var run = CommandRun.Of("transcribe", Path.Combine(Samples, sample), "--model", ModelSource.Bundled);
        Assert.Equal(expected, run.Output);
        Assert.Equal(0, run.Code);
    }

    [Fact]
    public void It_is_what_the_repository_has_and_fits_into_twenty_megabytes()
    {
        var source = Path.Combine(Goldens.Repository, "models", "english");
        foreach (var file in Directory.GetFiles(source))
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(ModelSource.Bundled, Path.GetFileName(file))));
        }

        Assert.InRange(Directory.GetFiles(source).Sum(f => new FileInfo(f).Length), 1, 20_000_000);
    }
}
