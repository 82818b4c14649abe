namespace Parley.Training.Tests;

/// <summary>Configurations: read, changed from the command line, and their mistakes named.</summary>
public sealed class ConfigFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("parley-config-");

    [Fact]
    public void Fields_are_read_changed_and_rooted_in_the_files_folder()
    {
        var config = ConfigFile.Read(Write(Small), ["steps=7", "data.batchSeconds=12.5", "optimizer.kind=novograd", "augment.speeds=[0.9,1.1]", "output=elsewhere"]);
        Assert.Equal((7, 12.5, OptimizerKind.NovoGrad), (config.Steps, config.Data.BatchSeconds, config.Optimizer!.Kind));
        Assert.Equal(0.9f, config.Optimizer.Beta1);
        Assert.Equal([0.9, 1.1], config.Augment!.Speeds!);
        Assert.Equal(Path.Combine(_folder.FullName, "a.jsonl"), config.Data.Train[0]);
        Assert.Equal(Path.Combine(_folder.FullName, "elsewhere"), config.Output);
    }

    [Theory]
    [InlineData("stepz=3", "did you mean \"steps\"")]
    [InlineData("data.batchSecond=3", "did you mean \"batchSeconds\"")]
    [InlineData("steps=0", "steps is 0; it must be at least 1")]
    [InlineData("steps=many", "steps")]
    [InlineData("optimizer.kind=adamm", "optimizer.kind")]
    [InlineData("data.train=[]", "data.train")]
    [InlineData("average=1", "average is 1")]
    public void A_mistake_is_named(string change, string says)
    {
        var error = Assert.Throws<InvalidDataException>(() => ConfigFile.Read(Write(Small), [change]));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_field_and_broken_json_are_named()
    {
        Assert.Contains("steps", Assert.Throws<InvalidDataException>(() => ConfigFile.Read(Write(Small.Replace("\"steps\": 5,", "", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);
        Assert.Contains("config.json:2", Assert.Throws<InvalidDataException>(() => ConfigFile.Read(Write("{\n\"steps\": ,}"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_field_is_described()
    {
        var fields = ConfigFile.Fields();
        Assert.Contains("data.batchSeconds (default 60)", fields, StringComparison.Ordinal);
        Assert.Contains("optimizer.kind (default adamw)", fields, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\n      \n", fields);
    }

    [Fact]
    public void A_written_configuration_reads_as_the_same()
    {
        var config = ConfigFile.Read(Write(Small));
        var again = ConfigFile.Read(Write(ConfigFile.Write(config)));
        Assert.Equal(ConfigFile.Write(config), ConfigFile.Write(again));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private const string Small = """
        {
          // comments are fine
          "model": { "type": "whisper", "from": "m" },
          "data": { "train": ["a.jsonl"] },
          "steps": 5,
          "output": "run",
        }
        """;

    private string Write(string text)
    {
        var path = Path.Combine(_folder.FullName, "config.json");
        File.WriteAllText(path, text);
        return path;
    }
}
