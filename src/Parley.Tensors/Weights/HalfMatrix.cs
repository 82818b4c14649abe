namespace Parley.Tensors;

/// <summary>Rows of 16-bit floats, own or borrowed from a mapped file.</summary>
internal abstract unsafe class HalfMatrix<TCode> : EncodedMatrix
    where TCode : struct, IHalfCode
{
    private const int FewRows = 16;
    private const int PieceBytes = 64 << 10;

    private readonly object _owner;
    private readonly ushort* _values;

    private protected HalfMatrix(int rows, int columns)
        : base(rows, columns)
    {
        var block = new NativeBlock((long)rows * columns * sizeof(ushort));
        _owner = block;
        _values = (ushort*)block.Pointer;
    }

    private protected HalfMatrix(int rows, int columns, nint address, object owner)
        : base(rows, columns)
    {
        _owner = owner;
        _values = (ushort*)address;
    }

    /// <inheritdoc/>
    public override long Bytes => (long)Out * In * sizeof(ushort);

    /// <inheritdoc/>
    internal override void DecodeRow(int row, float* target) => HalfDot<TCode>.Decode(Row(row), In, target);

    /// <inheritdoc/>
    internal override string? EncodeRow(int row, float* source)
    {
        if (!float.IsFinite(Int8Quantiser.LargestMagnitude(source, In)))
        {
            return "NaN or infinite values";
        }

        var target = Row(row);
        for (var i = 0; i < In; i++)
        {
            target[i] = TCode.Encode(source[i]);
            if (!float.IsFinite(TCode.Decode(target[i])))
            {
                return $"{source[i]:R} is too large for {Format}; choose another precision";
            }
        }

        return null;
    }

    /// <inheritdoc/>
    internal override void Multiply(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        if (rows == 0 || Out == 0)
        {
            return;
        }

        if (rows <= FewRows)
        {
            MultiplyFew(workers, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }
        else
        {
            MultiplyDecoded(workers, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }

        GC.KeepAlive(_owner);
    }

    private ushort* Row(int row) => _values + ((long)row * In);

    private void MultiplyFew(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        var stream = HalfDot<TCode>.StreamLength(In);
        var bytes = rows * 2L * stream * sizeof(float);
        var inputs = (float*)MemoryPool.Rent(bytes);
        for (var r = 0; r < rows; r++)
        {
            var even = inputs + (r * 2L * stream);
            HalfDot<TCode>.Split(x + (r * xStride), In, even, even + stream);
        }

        var block = Math.Max(1, PieceBytes / (In * sizeof(ushort)) / HalfDot<TCode>.Rows) * HalfDot<TCode>.Rows;
        workers.Run((Out + block - 1) / block, piece =>
        {
            var (first, end) = (piece * block, Math.Min(Out, (piece + 1) * block));
            Products(first, end, rows, inputs, stream, y, yStride);
            for (var r = 0; r < rows; r++)
            {
                var target = y + (r * yStride) + first;
                WeightEpilogue.Add(target, end - first, bias is null ? null : bias + first);
                WeightEpilogue.Finish(target, end - first, activation, residual is null ? null : residual + (r * residualStride) + first);
            }
        });
        MemoryPool.Return((nint)inputs, bytes);
    }

    // One input runs along two weight rows at a time; several share each weight row while it is in the first-level cache.
    private void Products(int first, int end, int rows, float* inputs, int stream, float* y, long yStride)
    {
        var o = first;
        for (; rows == 1 && o <= end - HalfDot<TCode>.Rows; o += HalfDot<TCode>.Rows)
        {
            HalfDot<TCode>.Two(Row(o), In, inputs, inputs + stream, In, y + o);
        }

        for (; o < end; o++)
        {
            for (var r = 0; r < rows; r += HalfDot<TCode>.Inputs)
            {
                Several(Math.Min(HalfDot<TCode>.Inputs, rows - r), Row(o), inputs + (r * 2L * stream), stream, y + (r * yStride) + o, yStride);
            }
        }
    }

    private void Several(int count, ushort* row, float* x, int stream, float* y, long yStride)
    {
        if (count == 1)
        {
            *y = HalfDot<TCode>.One(row, x, x + stream, In);
            return;
        }

        // Inputs that are not there are the second again.
        var sums = stackalloc float[HalfDot<TCode>.Inputs];
        HalfDot<TCode>.Four(row, x, x + (2L * stream), x + ((count > 2 ? 4L : 2) * stream), x + ((count > 3 ? 6L : 2) * stream), stream, In, sums);
        for (var i = 0; i < count; i++)
        {
            y[i * yStride] = sums[i];
        }
    }
}
