namespace Parley.Tensors;

internal sealed unsafe partial class SimdBackend
{
    private const long SmallProduct = 1 << 17;

    /// <inheritdoc/>
    internal override void MatMul(Tensor a, Tensor b, Tensor y)
    {
        var (m, n, k) = (y.Shape[^2], y.Shape[^1], a.Shape[^1]);
        if (TryFlatten(a, b, out var rows, out var rowStride))
        {
            Product(Workers, rows, n, k, a, a.Pointer, rowStride, b, b.Pointer, y.Pointer);
            return;
        }

        var batches = checked((int)(y.Count / ((long)m * n)));
        var (aOffsets, bOffsets) = (Offsets(a, batches), Offsets(b, batches));
        if (batches >= 2 * Workers.Threads || (long)m * n * k <= SmallProduct)
        {
            Workers.Run(batches, One);
            return;
        }

        for (var i = 0; i < batches; i++)
        {
            One(i);
        }

        void One(int i) => Product(Workers, m, n, k, a, a.Pointer + aOffsets[i], a.Strides[^2], b, b.Pointer + bOffsets[i], y.Pointer + (long)i * m * n);
    }

    /// <inheritdoc/>
    internal override void Linear(Tensor x, WeightMatrix weight, Tensor? bias, Activation activation, Tensor? residual, Tensor y)
    {
        var rows = checked((int)(y.Count / weight.Out));
        weight.Multiply(
            Workers,
            rows,
            x.Pointer,
            weight.In,
            bias is null ? null : bias.Pointer,
            activation,
            residual is null ? null : residual.Pointer,
            weight.Out,
            y.Pointer,
            weight.Out);
    }

    private static void Product(Workers workers, int m, int n, int k, Tensor a, float* aPointer, long aRow, Tensor b, float* bPointer, float* y) =>
        Gemm.Run(workers, m, n, k, aPointer, aRow, a.Strides[^1], bPointer, b.Strides[^2], b.Strides[^1], y, n);

    // One matrix b for all batches and rows of a at one distance: one tall product.
    private static bool TryFlatten(Tensor a, Tensor b, out int rows, out long rowStride)
    {
        (rows, rowStride) = (a.Shape[^2], a.Strides[^2]);
        for (var axis = a.Shape.Rank - 3; axis >= 0; axis--)
        {
            var size = a.Shape[axis];
            if (size == 1)
            {
                continue;
            }

            if (b.Strides[axis] != 0 || (rows != 1 && a.Strides[axis] != rows * rowStride) || (long)rows * size > int.MaxValue)
            {
                return false;
            }

            rowStride = rows == 1 ? a.Strides[axis] : rowStride;
            rows *= size;
        }

        return true;
    }

    // Where each matrix of a batched tensor begins, in row-major order of the leading dimensions.
    private static long[] Offsets(Tensor tensor, int batches)
    {
        var offsets = new long[batches];
        for (var i = 0; i < batches; i++)
        {
            var rest = i;
            for (var axis = tensor.Shape.Rank - 3; axis >= 0; axis--)
            {
                offsets[i] += rest % tensor.Shape[axis] * tensor.Strides[axis];
                rest /= tensor.Shape[axis];
            }
        }

        return offsets;
    }
}
