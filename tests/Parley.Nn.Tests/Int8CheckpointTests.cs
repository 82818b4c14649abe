using Parley.Tensors;
using Parley.TestSupport;

namespace Parley.Nn.Tests;

public sealed class Int8CheckpointTests
{
    [Fact]
    public void Weights_are_within_half_a_step_and_all_else_is_as_it_was()
    {
        using var folder = new CheckpointsFolder();
        var random = new Random(1);
        float[] matrix = [.. Enumerable.Range(0, 6 * 40).Select(_ => (float)random.NextDouble() - 0.5f)];
        float[] kernel = [.. Enumerable.Range(0, 4 * 2 * 3).Select(_ => (float)random.NextDouble() - 0.5f)];
        matrix.AsSpan(40, 40).Clear();
        SafetensorsFile.Write(folder["float.safetensors"], new Dictionary<string, TensorData>
        {
            ["in.weight"] = TensorData.Of(matrix, 6, 40),
            ["conv.weight"] = TensorData.Of(kernel, 4, 2, 3),
            ["norm.weight"] = TensorData.Of([1.5f, 2], 2),
            ["table"] = TensorData.Of([1f, 2, 3, 4], 2, 2),
            ["count"] = TensorData.Of([7L], 1),
        });
        using (var source = Checkpoint.Open(folder["float.safetensors"]))
        {
            Int8Checkpoint.Write(source, folder["int8.safetensors"]);
        }

        using var checkpoint = Checkpoint.Open(folder["int8.safetensors"]);
        Assert.Equal(StoredType.I8, checkpoint.Tensors["in.weight"].Type);
        Assert.Equal([7L], checkpoint.Tensors["count"].ToIntegers());
        foreach (var precision in new WeightFormat?[] { null, WeightFormat.Int8, WeightFormat.Float32 })
        {
            var (read, conv, norm, table) = Weights.Build(
                new CheckpointWeights(checkpoint),
                w =>
                {
                    w.Ignore("count");
                    return (w["in"].Matrix("weight", 6, 40), w["conv"].Get("weight", [4, 2, 3]), w["norm"].Get("weight", [2]), w.Get("table", [2, 2]));
                },
                new WeightsOptions(precision: precision)).Model;
            Assert.Equal(precision ?? WeightFormat.Int8, read.Format);
            Near(matrix, read.ToTensor(Backend.Default).ToArray(), columns: 40);
            Near(kernel, conv.ToArray(), columns: 6);
            Assert.Equal([1.5f, 2], norm.ToArray());
            Assert.Equal([1f, 2, 3, 4], table.ToArray());
        }
    }

    [Fact]
    public void Scales_that_do_not_fit_and_weights_that_are_no_numbers_are_errors()
    {
        using var folder = new CheckpointsFolder();
        SafetensorsFile.Write(folder["short.safetensors"], new Dictionary<string, TensorData>
        {
            ["in.weight"] = new(StoredType.I8, [2, 2], new byte[4]),
            ["in.weight_scale"] = TensorData.Of([1f], 1),
        });
        SafetensorsFile.Write(folder["nan.safetensors"], new Dictionary<string, TensorData> { ["in.weight"] = TensorData.Of([1f, float.NaN, 1, 1], 2, 2) });
        using var wrong = Checkpoint.Open(folder["short.safetensors"]);
        using var nan = Checkpoint.Open(folder["nan.safetensors"]);

        var misfit = Assert.Throws<InvalidDataException>(() => Weights.Build(new CheckpointWeights(wrong), w => w["in"].Matrix("weight", 2, 2)));
        Assert.Contains("one scale for each row of in.weight", misfit.Message, StringComparison.Ordinal);
        var damaged = Assert.Throws<InvalidDataException>(() => Int8Checkpoint.Write(nan, folder["out.safetensors"]));
        Assert.Contains("in.weight F32 [2, 2], row 0", damaged.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["out.safetensors"]));
    }

    private static void Near(float[] expected, float[] actual, int columns)
    {
        for (var row = 0; row < expected.Length / columns; row++)
        {
            var step = expected.Skip(row * columns).Take(columns).Max(MathF.Abs) / 127;
            for (var i = row * columns; i < (row + 1) * columns; i++)
            {
                Assert.InRange(actual[i], expected[i] - (0.501f * step), expected[i] + (0.501f * step));
            }
        }
    }
}
