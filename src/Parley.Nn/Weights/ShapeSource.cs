using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Parameters that have a shape and no values: for counting and describing models of any size.</summary>
public sealed class ShapeSource : IWeightSource
{
    /// <inheritdoc/>
    public string Name => "shapes only";

    /// <inheritdoc/>
    public IEnumerable<string> Names => [];

    /// <inheritdoc/>
    public IWeightEntry Find(string name, Shape wanted, Init init) => new Entry(wanted, this);

    private sealed class Entry(Shape shape, object owner) : IWeightEntry
    {
        public Shape Shape => shape;

        public WeightFormat Format => WeightFormat.Float32;

        public Tensor ToTensor(Backend backend) => Tensor.Borrow(0, shape, owner, backend);

        public WeightMatrix ToMatrix(Backend backend, WeightFormat format) => WeightMatrix.Dense(ToTensor(backend));
    }
}
