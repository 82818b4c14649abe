using Parley.TestSupport;

namespace Parley.Nn.Tests;

public sealed class CheckpointsGoldenTests
{
    [Fact]
    public void Every_stored_type_reads_as_the_fixture_reader_sees_it()
    {
        var path = Path.Combine(Goldens.Folder("number_formats"), "values.safetensors");
        var expected = new TensorFile(path);
        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal(expected.Names.Order(), checkpoint.Tensors.Keys.Order());
        foreach (var (name, tensor) in checkpoint.Tensors)
        {
            Assert.Equal(expected.Shape(name).Select(d => (long)d), tensor.Shape);
            if (tensor.Type is StoredType.I64 or StoredType.I32 or StoredType.U8 or StoredType.Bool)
            {
                Assert.Equal(expected.Integers(name), tensor.ToIntegers());
                Assert.Equal(expected.Integers(name).Select(i => (float)i), tensor.ToSingles());
            }
        }
    }

    [Theory]
    [InlineData("x.f16", "x.f16_as_f32")]
    [InlineData("x.bf16", "x.bf16_as_f32")]
    [InlineData("x.f32", "x.f32")]
    public void Narrow_floats_widen_to_the_same_bits_as_in_torch(string stored, string widened)
    {
        var path = Path.Combine(Goldens.Folder("number_formats"), "values.safetensors");
        using var checkpoint = Checkpoint.Open(path);
        var expected = new TensorFile(path).Floats(widened);
        Assert.Equal(expected.Select(BitConverter.SingleToUInt32Bits), checkpoint[stored].ToSingles().Select(BitConverter.SingleToUInt32Bits));
    }

    [Fact]
    public void Doubles_round_to_nearest()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Goldens.Folder("number_formats"), "values.safetensors"));
        var doubles = new double[checkpoint["x.f64"].Count];
        Buffer.BlockCopy(checkpoint["x.f64"].Bytes.ToArray(), 0, doubles, 0, doubles.Length * 8);
        Assert.Equal(doubles.Select(d => (float)d), checkpoint["x.f64"].ToSingles());
    }

    [Fact]
    public void Shards_read_as_one_checkpoint_in_the_order_of_the_index()
    {
        using var checkpoint = Checkpoint.Open(Goldens.Folder("llama_sharded_bf16"));
        Assert.Equal("lm_head.weight", checkpoint.Tensors.Keys.First());
        Assert.Equal(73024, checkpoint.Tensors.Values.Sum(t => t.ByteCount));
        Assert.All(checkpoint.Tensors.Values, t => Assert.Equal(StoredType.BF16, t.Type));
        Assert.Equal("pt", checkpoint.Metadata["format"]);
    }
}
