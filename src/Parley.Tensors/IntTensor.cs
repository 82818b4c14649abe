namespace Parley.Tensors;

/// <summary>Integers with a shape: token ids, codes, lengths.</summary>
public sealed class IntTensor
{
    private readonly int[] _values;

    /// <summary>Takes over <paramref name="values"/>, in row-major order.</summary>
    public IntTensor(int[] values, Shape shape)
    {
        ArgumentNullException.ThrowIfNull(values);
        _values = shape.Count == values.Length ? values : throw new ShapeException($"int tensor: {values.Length} values do not fill {shape}");
        Shape = shape;
    }

    /// <summary>Sizes, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>The values in row-major order.</summary>
    public ReadOnlySpan<int> Values => _values;
}
