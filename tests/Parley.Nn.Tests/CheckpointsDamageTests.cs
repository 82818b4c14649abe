using Parley.TestSupport;

namespace Parley.Nn.Tests;

public sealed class CheckpointsDamageTests
{
    [Theory]
    [InlineData("number_formats/values.safetensors")]
    [InlineData("torch_pickle/plain.pt")]
    [InlineData("torch_pickle/legacy.pt")]
    [InlineData("torch_pickle/fairseq_like.pt")]
    [InlineData("torch_pickle/evil.pt")]
    public void Any_damage_to_a_checkpoint_is_read_or_refused(string golden)
    {
        using var folder = new CheckpointsFolder();
        var path = folder["damaged.bin"];
        var good = File.ReadAllBytes(Path.Combine(Goldens.Repository, "tests", "goldens", golden));
        Damage.Check(good, bad =>
        {
            File.WriteAllBytes(path, bad);
            CheckpointsFolder.OpenOrClearError(path);
        });
    }

    [Fact]
    public void Any_damage_to_a_shard_index_is_read_or_refused()
    {
        var golden = Goldens.Folder("llama_sharded_bf16");
        using var folder = new CheckpointsFolder();
        foreach (var file in Directory.GetFiles(golden, "model-*"))
        {
            File.Copy(file, folder[Path.GetFileName(file)]);
        }

        var index = File.ReadAllBytes(Path.Combine(golden, "model.safetensors.index.json"));
        Damage.Check(index, bad =>
        {
            File.WriteAllBytes(folder["model.safetensors.index.json"], bad);
            try
            {
                Checkpoint.Open(folder.Root).Dispose();
            }
            catch (FileNotFoundException e) when (e.Message.Contains("missing beside it", StringComparison.Ordinal))
            {
                // A damaged name that is still a name: the message says which file it is.
                Assert.StartsWith(folder.Root, e.Message, StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void Any_damage_to_a_json_file_is_read_or_refused()
    {
        using var folder = new CheckpointsFolder();
        var good = File.ReadAllBytes(Path.Combine(Goldens.Folder("wav2vec2_base_ctc"), "config.json"));
        Damage.Check(good, bad =>
        {
            File.WriteAllBytes(folder["config.json"], bad);
            new ModelFolder(folder.Root).Config().Dispose();
        });
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    public void A_folder_in_the_place_of_a_json_file_is_said_so(string name)
    {
        using var folder = new CheckpointsFolder();
        Directory.CreateDirectory(folder[name]);
        Assert.Contains($"{name}: a folder", Assert.Throws<InvalidDataException>(() => new ModelFolder(folder.Root).JsonOrNull(name)).Message, StringComparison.Ordinal);
    }
}
