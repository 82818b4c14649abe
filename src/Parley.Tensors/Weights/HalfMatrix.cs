namespace Parley.Tensors;

/// <summary>Rows of 16-bit floats, own or borrowed from a mapped file.</summary>
internal abstract unsafe class HalfMatrix<TCode> : EncodedMatrix
    where TCode : struct, IHalfCode
{
    private const int FewRows = 8;
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
            for (var o = first; o < end; o += HalfDot<TCode>.Rows)
            {
                for (var r = 0; r < rows; r++)
                {
                    var even = inputs + (r * 2L * stream);
                    var target = y + (r * yStride) + o;
                    if (end - o >= HalfDot<TCode>.Rows)
                    {
                        HalfDot<TCode>.Two(Row(o), In, even, even + stream, In, target);
                    }
                    else
                    {
                        for (var j = 0; j < end - o; j++)
                        {
                            target[j] = HalfDot<TCode>.One(Row(o + j), even, even + stream, In);
                        }
                    }
                }
            }

            for (var r = 0; r < rows; r++)
            {
                var target = y + (r * yStride) + first;
                WeightEpilogue.AddBias(target, end - first, bias is null ? null : bias + first);
                WeightEpilogue.Finish(target, end - first, activation, residual is null ? null : residual + (r * residualStride) + first);
            }
        });
        MemoryPool.Return((nint)inputs, bytes);
    }
}
