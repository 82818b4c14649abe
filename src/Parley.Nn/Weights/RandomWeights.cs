using System.Text;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Starting values by each parameter's <see cref="Init"/>; the same seed and name give the same values in any order of asking.</summary>
public sealed class RandomWeights(int seed) : IWeightSource
{
    /// <inheritdoc/>
    public string Name => "random weights";

    /// <inheritdoc/>
    public IEnumerable<string> Names => [];

    /// <inheritdoc/>
    public IWeightEntry Find(string name, Shape wanted, Init init) => new Entry(wanted, init, new Random(HashCodeOf(name)));

    private int HashCodeOf(string name)
    {
        // FNV-1a: stable from run to run, unlike string.GetHashCode.
        var hash = 2166136261u ^ (uint)seed;
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 16777619u;
        }

        return (int)hash;
    }

    private sealed class Entry(Shape shape, Init init, Random random) : IWeightEntry
    {
        public Shape Shape => shape;

        public WeightFormat Format => WeightFormat.Float32;

        public Tensor ToTensor(Backend backend)
        {
            var tensor = Tensor.Allocate(shape, backend);
            var values = new float[shape.Count];
            init.Fill(values, random);
            tensor.Fill(values);
            return tensor;
        }

        public WeightMatrix ToMatrix(Backend backend, WeightFormat format) =>
            format == WeightFormat.Float32 ? WeightMatrix.Dense(ToTensor(backend)) : WeightMatrix.Quantise(ToTensor(backend), format);
    }
}
