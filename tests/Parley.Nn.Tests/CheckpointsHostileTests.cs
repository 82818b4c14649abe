using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Parley.TestSupport;

namespace Parley.Nn.Tests;

public sealed class CheckpointsHostileTests
{
    private const string Good = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}""";

    [Theory]
    [InlineData(Good, 9, null)]
    [InlineData(Good + "   ", 9, null)]
    [InlineData("{}", 0, null)]
    [InlineData("""{"__metadata__":{"format":"pt"}}""", 0, null)]
    [InlineData("""{"a":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]}}""", 0, null)]
    [InlineData(Good, 10, "the tensors end at byte 9 but the file has 10")]
    [InlineData(Good, 8, "tensor b ends at byte 9")]
    [InlineData(" " + Good, 9, "not JSON")]
    [InlineData(Good + "x", 9, "not valid JSON")]
    [InlineData(Good + "{}", 9, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "appears twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}""", 20, "gaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "before its start")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs another size")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "needs another size")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]}}""", 0, "needs another size")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}""", 8, "two data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "needs dtype")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "given twice")]
    [InlineData("""{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}""", 8, "F99")]
    [InlineData("""{"a":7}""", 0, "not an object")]
    [InlineData("""{"__metadata__":{"x":1}}""", 0, "not a string")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "not valid JSON")]
    public void Headers_are_checked_to_the_last_rule(string header, int data, string? error)
    {
        using var folder = new CheckpointsFolder();
        Write(folder["m.safetensors"], (ulong)Encoding.UTF8.GetByteCount(header), Encoding.UTF8.GetBytes(header), data);
        if (error is null)
        {
            Assert.True(CheckpointsFolder.OpenOrClearError(folder["m.safetensors"]));
            return;
        }

        var thrown = Assert.Throws<InvalidDataException>(() => Checkpoint.Open(folder["m.safetensors"]));
        Assert.StartsWith(folder["m.safetensors"], thrown.Message, StringComparison.Ordinal);
        Assert.Contains(error, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000_001UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(4000UL)]
    [InlineData(0UL)]
    public void A_lying_header_length_is_refused_without_memory(ulong length)
    {
        using var folder = new CheckpointsFolder();
        Write(folder["m.safetensors"], length, Encoding.UTF8.GetBytes(Good), 9);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => Checkpoint.Open(folder["m.safetensors"]));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Random_and_damaged_files_give_one_clear_error()
    {
        var bytes = File.ReadAllBytes(Path.Combine(Goldens.Folder("number_formats"), "values.safetensors"));
        using var folder = new CheckpointsFolder();
        var damage = from kind in Gen.Choose(0, 2)
                     from cut in Gen.Choose(0, bytes.Length)
                     from at in Gen.Choose(0, 1600)
                     from value in Gen.Choose(0, 255)
                     select (kind, cut, at, value);
        Prop.ForAll(damage.ToArbitrary(), d =>
        {
            var random = new byte[d.cut];
            new Random(d.at).NextBytes(random);
            var file = d.kind switch { 0 => bytes[..d.cut], 1 => [.. bytes], _ => random };
            if (d.kind == 1)
            {
                file[d.at] = (byte)d.value;
            }

            File.WriteAllBytes(folder["damaged.safetensors"], file);
            CheckpointsFolder.OpenOrClearError(folder["damaged.safetensors"]);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("../outside.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../outside.safetensors")]
    [InlineData("C:\\outside.safetensors")]
    [InlineData("..\\outside.safetensors")]
    [InlineData("escape.safetensors")]
    [InlineData("up/outside.safetensors")]
    [InlineData("")]
    public void A_shard_outside_the_folder_is_refused(string name)
    {
        using var folder = new CheckpointsFolder();
        Directory.CreateDirectory(folder["model"]);
        Write(folder["outside.safetensors"], (ulong)Good.Length, Encoding.UTF8.GetBytes(Good), 9);
        File.CreateSymbolicLink(folder["model/escape.safetensors"], "../outside.safetensors");
        Directory.CreateSymbolicLink(folder["model/up"], "..");
        WriteIndex(folder["model"], name);
        var error = Assert.Throws<InvalidDataException>(() => Checkpoint.Open(folder["model"]));
        Assert.Contains("does not stay inside", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_links_of_a_hub_snapshot_are_followed_to_its_blobs()
    {
        using var folder = new CheckpointsFolder();
        Directory.CreateDirectory(folder["models--a--b/snapshots/123"]);
        Directory.CreateDirectory(folder["models--a--b/blobs"]);
        Write(folder["models--a--b/blobs/abc"], (ulong)Good.Length, Encoding.UTF8.GetBytes(Good), 9);
        File.CreateSymbolicLink(folder["models--a--b/snapshots/123/one.safetensors"], "../../blobs/abc");
        WriteIndex(folder["models--a--b/snapshots/123"], "one.safetensors");
        using var checkpoint = Checkpoint.Open(folder["models--a--b/snapshots/123"]);
        Assert.Equal(2, checkpoint["a"].Count);
    }

    [Fact]
    public void Missing_shards_are_all_named()
    {
        using var folder = new CheckpointsFolder();
        File.WriteAllText(folder["model.safetensors.index.json"], """{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}""");
        Assert.Contains("one.safetensors, two.safetensors", Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(folder.Root)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "git lfs pull")]
    [InlineData("GGUF    ", "GGUF")]
    [InlineData("<!doctype html><html></html>", "not a safetensors file")]
    public void Other_files_are_told_apart(string content, string hint)
    {
        using var folder = new CheckpointsFolder();
        File.WriteAllText(folder["model.safetensors"], content);
        Assert.Contains(hint, Assert.Throws<InvalidDataException>(() => Checkpoint.Open(folder.Root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_and_missing_places_say_what_was_looked_for()
    {
        using var folder = new CheckpointsFolder();
        Assert.Contains("model.safetensors", Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(folder.Root)).Message, StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(folder["nowhere"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"a\":")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    public void Bad_config_files_name_the_file(string text)
    {
        using var folder = new CheckpointsFolder();
        File.WriteAllText(folder["config.json"], text);
        Assert.Contains("config.json", Assert.Throws<InvalidDataException>(() => new ModelFolder(folder.Root).Config()).Message, StringComparison.Ordinal);
        Assert.Null(new ModelFolder(folder.Root).GenerationConfig());
    }

    [Fact]
    public void A_config_nested_too_deep_is_refused()
    {
        using var folder = new CheckpointsFolder();
        File.WriteAllText(folder["config.json"], string.Concat(Enumerable.Repeat("{\"a\":", 100_000)));
        Assert.Throws<InvalidDataException>(() => new ModelFolder(folder.Root).Config());
    }

    [Fact]
    public void What_is_written_reads_back_and_a_failed_write_leaves_nothing()
    {
        using var folder = new CheckpointsFolder();
        var path = folder["w.safetensors"];
        Dictionary<string, TensorData> tensors = new()
        {
            ["bytes"] = new(StoredType.U8, [3], new byte[] { 1, 2, 3 }),
            ["floats"] = TensorData.Of([1.5f, -2], 1, 2),
            ["ids"] = TensorData.Of([1L << 40], 1),
            ["empty"] = new(StoredType.BF16, [0, 2], Array.Empty<byte>()),
        };
        SafetensorsFile.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        using (var checkpoint = Checkpoint.Open(path))
        {
            Assert.Equal([1.5f, -2], checkpoint["floats"].ToSingles());
            Assert.Equal([1L << 40], checkpoint["ids"].ToIntegers());
            Assert.Equal([1f, 2, 3], checkpoint["bytes"].ToSingles());
            Assert.Equal("pt", checkpoint.Metadata["format"]);
            Assert.All(checkpoint.Tensors.Values, t => Assert.True(t.IsAligned));
        }

        Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(path, [new("x", new(StoredType.F32, [2], new byte[4]))]));
        Assert.Equal([path], Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void A_disposed_checkpoint_says_so()
    {
        var checkpoint = Checkpoint.Open(Path.Combine(Goldens.Folder("number_formats"), "values.safetensors"));
        var tensor = checkpoint["x.f32"];
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.ToSingles());
        Assert.Throws<ObjectDisposedException>(() => tensor.Address);
    }

    private static void Write(string path, ulong length, byte[] header, int data)
    {
        var start = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(start, length);
        File.WriteAllBytes(path, [.. start, .. header, .. new byte[data]]);
    }

    private static void WriteIndex(string folder, string name) => File.WriteAllText(
        Path.Combine(folder, "model.safetensors.index.json"), $"{{\"weight_map\":{{\"a\":\"{name.Replace("\\", "\\\\", StringComparison.Ordinal)}\"}}}}");
}
