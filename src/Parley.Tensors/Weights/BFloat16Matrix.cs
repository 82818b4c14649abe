namespace Parley.Tensors;

/// <summary>Brain floats: the upper half of a float32 each.</summary>
internal sealed class BFloat16Matrix : HalfMatrix<BFloat16Code>
{
    internal BFloat16Matrix(int rows, int columns)
        : base(rows, columns)
    {
    }

    internal BFloat16Matrix(int rows, int columns, nint address, object owner)
        : base(rows, columns, address, owner)
    {
    }

    /// <inheritdoc/>
    public override WeightFormat Format => WeightFormat.BFloat16;
}
