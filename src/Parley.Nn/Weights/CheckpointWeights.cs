using Parley.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Parley.Nn;

/// <summary>A checkpoint as a source of parameters: float32 in place, other types converted or kept as matrices.</summary>
/// <remarks>
/// 8-bit integers with a tensor <c>name_scale</c> of as many float32 numbers as there are rows beside them are those numbers times the scale of their row:
/// the layout of compressed-tensors' "int-quantized" (vllm-project/compressed-tensors:src/compressed_tensors/compressors), and what
/// <see cref="Int8Checkpoint"/> writes.
/// </remarks>
public sealed class CheckpointWeights(Checkpoint checkpoint) : IWeightSource
{
    private readonly Dictionary<string, StoredTensor> _tensors = Index(checkpoint);

    /// <inheritdoc/>
    public string Name => checkpoint.Path;

    /// <inheritdoc/>
    public IEnumerable<string> Names => _tensors.Keys.Where(name => !IsScale(name));

    /// <inheritdoc/>
    public IWeightEntry? Find(string name, Shape wanted, Init init) =>
        _tensors.TryGetValue(name, out var tensor) ? new Entry(tensor, Scales(tensor, name), checkpoint) : null;

    private bool IsScale(string name) =>
        name.EndsWith(Int8Checkpoint.Scale, StringComparison.Ordinal) && _tensors.TryGetValue(name[..^Int8Checkpoint.Scale.Length], out var scaled) && scaled.Type == StoredType.I8;

    private float[]? Scales(StoredTensor tensor, string name)
    {
        if (tensor.Type != StoredType.I8 || !_tensors.TryGetValue(name + Int8Checkpoint.Scale, out var scales))
        {
            return null;
        }

        return tensor.Shape.Count >= 2 && scales.Count == tensor.Shape[0] ? scales.ToSingles()
            : throw new InvalidDataException($"{checkpoint.Path}: {scales} does not hold one scale for each row of {tensor}");
    }

    // Checkpoints converted from TensorFlow call the weight and bias of a norm gamma and beta.
    private static Dictionary<string, StoredTensor> Index(Checkpoint checkpoint)
    {
        var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var (stored, tensor) in checkpoint.Tensors)
        {
            var name = Modern(stored, ".gamma", ".weight") ?? Modern(stored, ".beta", ".bias") ?? stored;
            if (!tensors.TryAdd(name, tensor))
            {
                throw new InvalidDataException($"{checkpoint.Path}: {stored} and {tensors[name].Name} are the same parameter");
            }
        }

        return tensors;
    }

    private static string? Modern(string name, string old, string modern) =>
        name.EndsWith(old, StringComparison.Ordinal) && name.AsSpan(0, name.Length - old.Length) is var parent
        && parent[(parent.LastIndexOf('.') + 1)..].Contains("norm", StringComparison.OrdinalIgnoreCase)
            ? $"{parent}{modern}"
            : null;

    private sealed class Entry(StoredTensor stored, float[]? scales, Checkpoint owner) : IWeightEntry
    {
        public Shape Shape { get; } = Shape.Create([.. stored.Shape.Select(d => d <= int.MaxValue ? (int)d
            : throw new InvalidDataException($"{owner.Path}: {stored} has a dimension beyond {int.MaxValue}"))]);

        public WeightFormat Format => stored.Type switch
        {
            StoredType.BF16 => WeightFormat.BFloat16,
            StoredType.F16 => WeightFormat.Float16,
            StoredType.I8 when scales is not null => WeightFormat.Int8,
            _ => WeightFormat.Float32,
        };

        public Tensor ToTensor(Backend backend)
        {
            if (stored.Type == StoredType.F32 && stored.IsAligned)
            {
                return Tensor.Borrow(stored.Address, Shape, owner, backend);
            }

            var tensor = Tensor.Allocate(Shape, backend);
            tensor.Fill(values =>
            {
                stored.CopyTo(values);
                Scale(values, firstRow: 0);
            });
            return tensor;
        }

        public WeightMatrix ToMatrix(Backend backend, WeightFormat format)
        {
            if (format == Format)
            {
                if (format == WeightFormat.BFloat16 && stored.IsAligned)
                {
                    return WeightMatrix.FromBFloat16(stored.Address, Shape[0], Shape[1], owner);
                }

                if (format == WeightFormat.Float16 && stored.IsAligned)
                {
                    return WeightMatrix.FromFloat16(stored.Address, Shape[0], Shape[1], owner);
                }
            }

            if (format == WeightFormat.Float32)
            {
                return WeightMatrix.Dense(ToTensor(backend));
            }

            return Quantised(format, backend.Workers);
        }

        // A few rows at a time on every core, read from the file: neither the float32 values nor the mapping's pages are ever whole in memory.
        private WeightMatrix Quantised(WeightFormat format, Workers workers)
        {
            var (rows, columns) = (Shape[0], Shape[1]);
            var builder = new WeightMatrixBuilder(format, rows, columns, stored.Name, workers);
            builder.AddRest((row, values) =>
            {
                stored.ReadTo((long)row * columns, values);
                Scale(values, row);
            });
            return builder.Build();
        }

        private void Scale(Span<float> values, int firstRow)
        {
            if (scales is null)
            {
                return;
            }

            var row = (int)(stored.Count / scales.Length);
            for (var i = 0; i < values.Length / row; i++)
            {
                TensorPrimitives.Multiply(values.Slice(i * row, row), scales[firstRow + i], values.Slice(i * row, row));
            }
        }
    }
}
