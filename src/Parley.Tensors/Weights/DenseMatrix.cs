namespace Parley.Tensors;

/// <summary>Float32 weights in place: over a tensor [out, in] of any owner, such as a mapped checkpoint; nothing is copied.</summary>
internal sealed unsafe class DenseMatrix : WeightMatrix
{
    private readonly Tensor _values;

    internal DenseMatrix(Tensor values)
        : base(values.Shape[0], values.Shape[1]) => _values = values;

    /// <inheritdoc/>
    public override WeightFormat Format => WeightFormat.Float32;

    /// <inheritdoc/>
    public override long Bytes => _values.Count * sizeof(float);

    /// <inheritdoc/>
    internal override Tensor Values => _values;

    /// <inheritdoc/>
    public override void CopyRow(int row, Span<float> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Out, nameof(row));
        var source = _values.Pointer + row * _values.Strides[0];
        var step = _values.Strides[1];
        for (var i = 0; i < In; i++)
        {
            target[i] = source[i * step];
        }

        GC.KeepAlive(_values);
    }

    /// <inheritdoc/>
    internal override void Multiply(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        var epilogue = new Epilogue { ColumnBias = bias, Activation = activation, Residual = residual, ResidualStride = residualStride };
        Gemm.Run(workers, rows, Out, In, x, xStride, 1, _values.Pointer, _values.Strides[1], _values.Strides[0], y, yStride, epilogue);
        GC.KeepAlive(_values);
    }
}
