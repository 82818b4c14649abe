using Parley.TestSupport;

namespace Parley.Nn.Tests;

public sealed class CheckpointWeightsTests
{
    private static readonly float[] Direction = [3, 4, 0, 5, 12, 0, 8, 15];

    [Theory]
    [InlineData("conv.weight_g", "conv.weight_v", 0)]
    [InlineData("conv.parametrizations.weight.original0", "conv.parametrizations.weight.original1", 0)]
    [InlineData("conv.weight_g", "conv.weight_v", 2)]
    [InlineData("conv.parametrizations.weight.original0", "conv.parametrizations.weight.original1", 2)]
    public void Weight_norm_is_folded_in_both_spellings(string gain, string direction, int dim)
    {
        using var folder = new CheckpointsFolder();
        long[] norms = dim == 0 ? [2, 1, 1] : [1, 1, 2];
        SafetensorsFile.Write(folder["m.safetensors"], new Dictionary<string, TensorData>
        {
            [gain] = TensorData.Of([2f, 10], norms),
            [direction] = TensorData.Of(Direction, 2, 2, 2),
        });
        using var checkpoint = Checkpoint.Open(folder["m.safetensors"]);
        var folded = Weights.Build(new CheckpointWeights(checkpoint), w => w["conv"].WeightNorm("weight", [2, 2, 2], dim)).Model.Value.ToArray();

        // torch: g v / |v|, the norm over all dimensions but one.
        float[] expected = new float[8];
        for (var slice = 0; slice < 2; slice++)
        {
            int[] own = [.. Enumerable.Range(0, 8).Where(i => (dim == 0 ? i / 4 : i % 2) == slice)];
            var norm = Math.Sqrt(own.Sum(i => (double)Direction[i] * Direction[i]));
            foreach (var i in own)
            {
                expected[i] = (float)((slice == 0 ? 2 : 10) * Direction[i] / norm);
            }
        }

        Expect.Close(folded, expected);
    }

    [Theory]
    [InlineData("encoder.LayerNorm.gamma", "encoder.LayerNorm.beta", "encoder.LayerNorm")]
    [InlineData("final_layer_norm.weight", "final_layer_norm.bias", "final_layer_norm")]
    public void Old_names_of_norms_are_their_new_ones(string weight, string bias, string norm)
    {
        using var folder = new CheckpointsFolder();
        SafetensorsFile.Write(folder["m.safetensors"], new Dictionary<string, TensorData> { [weight] = TensorData.Of([1f, 2], 2), [bias] = TensorData.Of([3f, 4], 2) });
        using var checkpoint = Checkpoint.Open(folder["m.safetensors"]);
        var (gain, shift) = Weights.Build(new CheckpointWeights(checkpoint), w => (w[norm].Get("weight", [2]), w[norm].Get("bias", [2]))).Model;
        Assert.Equal([1f, 2], gain.ToArray());
        Assert.Equal([3f, 4], shift.ToArray());
    }

    [Fact]
    public void A_gamma_that_is_no_norm_keeps_its_name_and_a_doubled_norm_is_an_error()
    {
        using var folder = new CheckpointsFolder();
        SafetensorsFile.Write(folder["scale.safetensors"], new Dictionary<string, TensorData> { ["layer_scale.gamma"] = TensorData.Of([1f], 1) });
        SafetensorsFile.Write(folder["twice.safetensors"], new Dictionary<string, TensorData> { ["norm.gamma"] = TensorData.Of([1f], 1), ["norm.weight"] = TensorData.Of([1f], 1) });
        using var scale = Checkpoint.Open(folder["scale.safetensors"]);
        Assert.Equal(["layer_scale.gamma"], new CheckpointWeights(scale).Names);
        using var twice = Checkpoint.Open(folder["twice.safetensors"]);
        Assert.Contains("the same parameter", Assert.Throws<InvalidDataException>(() => new CheckpointWeights(twice)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StoredType.F16)]
    [InlineData(StoredType.BF16)]
    [InlineData(StoredType.F64)]
    [InlineData(StoredType.I64)]
    public void Every_stored_type_becomes_a_float32_tensor(StoredType type)
    {
        float[] values = [1, -2, 3, 64];
        byte[] bytes = [.. values.SelectMany(v => type switch
        {
            StoredType.F16 => BitConverter.GetBytes((Half)v),
            StoredType.BF16 => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)),
            StoredType.F64 => BitConverter.GetBytes((double)v),
            _ => BitConverter.GetBytes((long)v),
        })];
        using var folder = new CheckpointsFolder();
        SafetensorsFile.Write(folder["m.safetensors"], new Dictionary<string, TensorData> { ["w"] = new(type, [2, 2], bytes) });
        using var checkpoint = Checkpoint.Open(folder["m.safetensors"]);
        Assert.Equal(values, Weights.Build(new CheckpointWeights(checkpoint), w => w.Get("w", [2, 2])).Model.ToArray());
        var matrix = Weights.Build(new CheckpointWeights(checkpoint), w => w.Matrix("w", outFeatures: 2, inFeatures: 2)).Model;
        var row = new float[2];
        matrix.CopyRow(1, row);
        Assert.Equal([3f, 64], row);
    }

    [Fact]
    public void A_dimension_beyond_what_a_tensor_holds_is_refused()
    {
        using var folder = new CheckpointsFolder();
        SafetensorsFile.Write(folder["m.safetensors"], new Dictionary<string, TensorData> { ["w"] = new(StoredType.F32, [3_000_000_000, 0], Array.Empty<byte>()) });
        using var checkpoint = Checkpoint.Open(folder["m.safetensors"]);
        var error = Assert.Throws<InvalidDataException>(() => Weights.Build(new CheckpointWeights(checkpoint), w => w.Get("w", [1, 1])));
        Assert.Contains("w F32 [3000000000, 0]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sharded_torch_files_read_like_one()
    {
        using var folder = new CheckpointsFolder();
        File.Copy(Path.Combine(Goldens.Folder("torch_pickle"), "plain.pt"), folder["pytorch_model-00001-of-00002.bin"]);
        File.Copy(Path.Combine(Goldens.Folder("torch_pickle"), "linear.pt"), folder["pytorch_model-00002-of-00002.bin"]);
        using var plain = Checkpoint.Open(folder["pytorch_model-00001-of-00002.bin"]);
        using var linear = Checkpoint.Open(folder["pytorch_model-00002-of-00002.bin"]);
        var entries = plain.Tensors.Keys.Select(n => (n, 1)).Concat(linear.Tensors.Keys.Select(n => (n, 2))).Select(e => $"\"{e.n}\": \"pytorch_model-0000{e.Item2}-of-00002.bin\"");
        File.WriteAllText(folder["pytorch_model.bin.index.json"], $$"""{"metadata": {"total_size": 1}, "weight_map": { {{string.Join(", ", entries)}} } }""");
        using var both = Checkpoint.Open(folder.Root);
        Assert.Equal(plain.Tensors.Count + linear.Tensors.Count, both.Tensors.Count);
        foreach (var (name, tensor) in plain.Tensors.Concat(linear.Tensors))
        {
            Assert.Equal(tensor.ToSingles(), both[name].ToSingles());
        }
    }
}
