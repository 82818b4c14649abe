namespace Parley.Tensors;

/// <summary>IEEE half floats.</summary>
internal sealed class Float16Matrix : HalfMatrix<Float16Code>
{
    internal Float16Matrix(int rows, int columns)
        : base(rows, columns)
    {
    }

    internal Float16Matrix(int rows, int columns, nint address, object owner)
        : base(rows, columns, address, owner)
    {
    }

    /// <inheritdoc/>
    public override WeightFormat Format => WeightFormat.Float16;
}
