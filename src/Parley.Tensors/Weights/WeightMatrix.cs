namespace Parley.Tensors;

/// <summary>How a weight matrix is stored.</summary>
public enum WeightFormat
{
    /// <summary>32-bit floats.</summary>
    Float32,

    /// <summary>16-bit brain floats.</summary>
    BFloat16,

    /// <summary>IEEE 16-bit floats.</summary>
    Float16,

    /// <summary>8-bit integers with one scale a row; inputs are quantised on the fly.</summary>
    Int8,

    /// <summary>4-bit integers in groups of 32 with a scale each.</summary>
    Int4,
}

/// <summary>A matrix [out, in] that a linear layer multiplies by, in whichever format it is stored; rows can be read singly, so an embedding table is one too.</summary>
public abstract partial class WeightMatrix
{
    private protected WeightMatrix(int rows, int columns) => (Out, In) = (rows, columns);

    /// <summary>Float32 weights [out, in] used where they lie; the tensor must not belong to a scope that ends earlier.</summary>
    public static WeightMatrix Dense(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Shape.Rank == 2 ? new DenseMatrix(values) : throw new ShapeException($"dense weights: shape {values.Shape} is not [out, in]");
    }

    /// <summary>Output features: rows.</summary>
    public int Out { get; }

    /// <summary>Input features: columns.</summary>
    public int In { get; }

    /// <summary>Storage format.</summary>
    public abstract WeightFormat Format { get; }

    /// <summary>Bytes that the stored values and scales take.</summary>
    public abstract long Bytes { get; }

    /// <summary>The matrix as a tensor, where it is one; null for the other formats.</summary>
    internal virtual Tensor? Values => null;

    /// <summary>Rows by id: ids […] -> […, in]. A gradient passes to a float32 matrix that is trained.</summary>
    public Tensor Gather(IntTensor ids, Backend backend)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (Values is { NeedsGradient: true } table)
        {
            return table.Gather(ids);
        }

        foreach (var id in ids.Values)
        {
            if ((uint)id >= (uint)Out)
            {
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"gather: id {id} is outside a table of {Out} rows");
            }
        }

        return Rows([.. ids.Shape.Dims, In], ids.Values, backend);
    }

    /// <summary>All values as float32 [out, in].</summary>
    public Tensor ToTensor(Backend backend)
    {
        var all = new int[Out];
        for (var i = 0; i < Out; i++)
        {
            all[i] = i;
        }

        return Rows([Out, In], all, backend);
    }

    private Tensor Rows(Shape shape, ReadOnlySpan<int> rows, Backend backend)
    {
        var y = Tensor.Empty(shape, backend);
        for (var i = 0; i < rows.Length; i++)
        {
            CopyRow(rows[i], y.Span.Slice(i * In, In));
        }

        return y;
    }

    /// <summary>Writes row <paramref name="row"/> as float32 into <paramref name="target"/> [in].</summary>
    public abstract void CopyRow(int row, Span<float> target);

    /// <summary>y[rows, out] = activation(x[rows, in] wᵀ + bias) + residual on <paramref name="workers"/>; rows of x, y and residual are so many floats apart.</summary>
    internal abstract unsafe void Multiply(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride);
}
