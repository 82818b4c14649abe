using Parley.TestSupport;

namespace Parley.Nn.Tests;

public sealed class CheckpointsTorchTests
{
    private static readonly string Folder = Goldens.Folder("torch_pickle");

    private static readonly float[] Base = [.. Enumerable.Range(0, 24).Select(i => i / 8f)];

    [Theory]
    [InlineData("plain.pt")]
    [InlineData("legacy.pt")]
    public void Every_type_and_view_that_torch_saves_reads_back(string file)
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Folder, file));
        Assert.Equal(
            ["base", "transposed", "middle", "every_second", "half", "bfloat16", "float64", "int64", "int32", "uint8", "bool", "scalar", "empty", "parameter"],
            checkpoint.Tensors.Keys);
        Assert.Equal(Base, checkpoint["base"].ToSingles());
        Assert.Equal([6L, 4], checkpoint["transposed"].Shape);
        Assert.Equal(from column in Enumerable.Range(0, 6) from row in Enumerable.Range(0, 4) select Base[row * 6 + column], checkpoint["transposed"].ToSingles());
        Assert.Equal(Base[6..18], checkpoint["middle"].ToSingles());
        Assert.Equal(Base.Where((_, i) => i % 2 == 0), checkpoint["every_second"].ToSingles());
        Assert.Equal(Base.Select(x => x * 3), checkpoint["half"].ToSingles());
        Assert.Equal(Base.Select(x => x * 3), checkpoint["bfloat16"].ToSingles());
        Assert.Equal(Base.Select(x => (float)(x / 3.0)), checkpoint["float64"].ToSingles());
        Assert.Equal([-1, 1L << 40, 7], checkpoint["int64"].ToIntegers());
        Assert.Equal([-5L, 6], checkpoint["int32"].ToIntegers());
        Assert.Equal([0L, 255], checkpoint["uint8"].ToIntegers());
        Assert.Equal([1L, 0, 1], checkpoint["bool"].ToIntegers());
        Assert.Equal([2.5f], checkpoint["scalar"].ToSingles());
        Assert.Empty(checkpoint["scalar"].Shape);
        Assert.Equal([0L, 3], checkpoint["empty"].Shape);
        Assert.Equal([1f, -1], checkpoint["parameter"].ToSingles());
    }

    [Fact]
    public void Shared_storages_are_used_in_place()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Folder, "plain.pt"));
        Assert.Equal(checkpoint["base"].Address + 6 * sizeof(float), checkpoint["middle"].Address);
        Assert.True(checkpoint["base"].IsAligned);
    }

    [Fact]
    public void Whispers_own_format_shows_its_dimensions_and_its_tensors()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Folder, "whisper_like.pt"));
        Assert.Equal(["w"], checkpoint.Tensors.Keys);
        var dims = checkpoint.Extra.GetProperty("dims");
        Assert.Equal(51865, dims.GetProperty("n_vocab").GetInt32());
        Assert.Equal(0.5, dims.GetProperty("scale").GetDouble());
    }

    [Fact]
    public void A_namespace_reads_as_a_dictionary()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Folder, "fairseq_like.pt"));
        Assert.Equal([1L, 2], checkpoint["encoder.w"].ToIntegers());
        Assert.Equal("wav2vec2", checkpoint.Extra.GetProperty("args").GetProperty("arch").GetString());
        Assert.Equal("[1,2,[3,4]]", checkpoint.Extra.GetProperty("args").GetProperty("rates").GetRawText().Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal("torch.float16", checkpoint.Extra.GetProperty("dtype").GetString());
        Assert.Equal(10, checkpoint.Extra.GetProperty("optimizer").GetProperty("0").GetProperty("step").GetInt32());
    }

    [Theory]
    [InlineData("evil.pt")]
    [InlineData("evil_legacy.pt")]
    public void Code_in_a_pickle_is_named_and_not_run(string file)
    {
        var error = Assert.Throws<InvalidDataException>(() => Checkpoint.Open(Path.Combine(Folder, file)));
        Assert.Contains("posix.system", error.Message, StringComparison.Ordinal);
        Assert.Contains("does not run code from files", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expanded.pt", "far beyond the size of the file")]
    [InlineData("deflated.pt", "compressed")]
    public void Files_that_would_unfold_are_refused(string file, string why)
    {
        var error = Assert.Throws<InvalidDataException>(() => Checkpoint.Open(Path.Combine(Folder, file)));
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain.pt")]
    [InlineData("legacy.pt")]
    [InlineData("fairseq_like.pt")]
    public void Damaged_files_give_one_clear_error(string file)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Folder, file));
        using var folder = new CheckpointsFolder();
        var path = folder["damaged.pt"];
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var damaged = round % 2 == 0 ? bytes[..random.Next(bytes.Length)] : bytes.ToArray();
            for (var i = 0; i < random.Next(4) && damaged.Length > 0; i++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(path, damaged);
            CheckpointsFolder.OpenOrClearError(path);
        }
    }

    // Opcodes chosen to unfold: deep nesting, lists inside themselves, one list copied again and again, huge claimed lengths.
    [Theory]
    [InlineData("deep")]
    [InlineData("self")]
    [InlineData("copies")]
    [InlineData("claims")]
    [InlineData("recursion")]
    public void Hostile_opcodes_end_soon(string kind)
    {
        byte[] body = kind switch
        {
            "deep" => [.. Enumerable.Repeat((byte)']', 100_000), .. Enumerable.Repeat((byte)'a', 99_999)],
            "self" => [(byte)'}', (byte)'q', 0, (byte)'K', 1, (byte)'h', 0, (byte)'s'],
            "copies" =>
            [
                .. "ccollections\nOrderedDict\n"u8, (byte)'q', 1, (byte)']', (byte)'q', 2, (byte)'(', .. Pairs(5000), (byte)'e', (byte)'\x85', (byte)'q', 3, (byte)'R',
                .. Enumerable.Range(0, 100_000).SelectMany(_ => (byte[])[(byte)'0', (byte)'h', 1, (byte)'h', 3, (byte)'R']),
            ],
            "claims" => [(byte)'B', 0xff, 0xff, 0xff, 0x7f],
            _ => [.. Enumerable.Repeat((byte)'(', 1_900_000)],
        };
        using var folder = new CheckpointsFolder();
        var path = folder["hostile.pt"];
        byte[] start = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.', 0x80, 2, (byte)'M', 0xe9, 3, (byte)'.', 0x80, 2, (byte)'}', (byte)'.'];
        File.WriteAllBytes(path, [.. start, 0x80, 2, .. body, (byte)'.', 0x80, 2, (byte)']', (byte)'.']);
        Assert.Throws<InvalidDataException>(() => Checkpoint.Open(path));
    }

    private static IEnumerable<byte> Pairs(int count) =>
        Enumerable.Range(0, count).SelectMany(i => (byte[])[(byte)'M', (byte)i, (byte)(i >> 8), (byte)'N', 0x86]);
}
