using System.Runtime.InteropServices;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Parley.Nn;

/// <summary>Writes a checkpoint in a quarter of its size: weights of two or more dimensions as 8-bit integers with a scale for each row.</summary>
/// <remarks>
/// The largest magnitude of a row becomes 127, the rest is rounded to the nearest step; biases, norms and statistics stay float32.
/// <see cref="CheckpointWeights"/> reads the result like any other checkpoint.
/// </remarks>
public static class Int8Checkpoint
{
    /// <summary>What is added to a tensor's name for its scales.</summary>
    public const string Scale = "_scale";

    private const string Weight = ".weight";
    private const int Largest = 127;

    /// <summary>Writes <paramref name="source"/> to a safetensors file, at once or not at all.</summary>
    /// <exception cref="InvalidDataException">A weight is NaN or infinite.</exception>
    public static void Write(Checkpoint source, string path)
    {
        ArgumentNullException.ThrowIfNull(source);
        SafetensorsFile.Write(path, source.Tensors.Values.SelectMany(Parts), new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static IEnumerable<KeyValuePair<string, TensorData>> Parts(StoredTensor tensor)
    {
        if (tensor.Type is not (StoredType.F32 or StoredType.F16 or StoredType.BF16 or StoredType.F64))
        {
            return [KeyValuePair.Create(tensor.Name, new TensorData(tensor.Type, tensor.Shape, tensor.Bytes.ToArray()))];
        }

        if (tensor.Shape.Count < 2 || tensor.Count == 0 || !tensor.Name.EndsWith(Weight, StringComparison.Ordinal))
        {
            return [KeyValuePair.Create(tensor.Name, TensorData.Of(tensor.ToSingles(), tensor.Shape))];
        }

        var (values, scales) = Rows(tensor);
        return
        [
            KeyValuePair.Create(tensor.Name, new TensorData(StoredType.I8, tensor.Shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray())),
            KeyValuePair.Create(tensor.Name + Scale, TensorData.Of(scales, scales.Length, 1)),
        ];
    }

    private static (sbyte[] Values, float[] Scales) Rows(StoredTensor tensor)
    {
        var (values, scales) = (new sbyte[tensor.Count], new float[tensor.Shape[0]]);
        var row = new float[tensor.Count / scales.Length];
        for (var r = 0; r < scales.Length; r++)
        {
            tensor.CopyTo((long)r * row.Length, row);
            var largest = Math.Abs(TensorPrimitives.MaxMagnitude<float>(row));
            if (!float.IsFinite(largest))
            {
                throw new InvalidDataException($"{tensor}, row {r}: NaN or infinite values; the checkpoint is damaged");
            }

            scales[r] = largest / Largest;
            for (var i = 0; i < row.Length && largest > 0; i++)
            {
                values[((long)r * row.Length) + i] = (sbyte)MathF.Round(row[i] / scales[r]);
            }
        }

        return (values, scales);
    }
}
