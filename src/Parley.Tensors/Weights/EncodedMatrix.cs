namespace Parley.Tensors;

/// <summary>A weight matrix that is made from float32 rows, each on its own.</summary>
internal abstract unsafe class EncodedMatrix(int rows, int columns) : WeightMatrix(rows, columns)
{
    private const int BlockBytes = 128 << 10;

    /// <inheritdoc/>
    public override void CopyRow(int row, Span<float> target)
    {
        CheckRow(row, target);
        fixed (float* pinned = target)
        {
            DecodeRow(row, pinned);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Encodes one row; null when it went well, else what is wrong with the values.</summary>
    internal abstract string? EncodeRow(int row, float* source);

    /// <summary>Writes one row as float32.</summary>
    internal abstract void DecodeRow(int row, float* target);

    /// <summary>The product for many rows: blocks of weights are decoded into the cache, and all rows of x pass over each.</summary>
    private protected void MultiplyDecoded(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        var block = Math.Clamp(BlockBytes / (In * sizeof(float)) / FloatDot.Columns, 1, 16) * FloatDot.Columns;
        workers.Run((Out + block - 1) / block, piece =>
        {
            var (first, count) = (piece * block, Math.Min(block, Out - (piece * block)));
            var bytes = (long)count * In * sizeof(float);
            var decoded = (float*)MemoryPool.Rent(bytes);
            for (var j = 0; j < count; j++)
            {
                DecodeRow(first + j, decoded + ((long)j * In));
            }

            FloatDot.Block(rows, x, xStride, decoded, count, In, y + first, yStride);
            MemoryPool.Return((nint)decoded, bytes);
            for (var r = 0; r < rows; r++)
            {
                var target = y + (r * yStride) + first;
                WeightEpilogue.Add(target, count, bias is null ? null : bias + first);
                WeightEpilogue.Finish(target, count, activation, residual is null ? null : residual + (r * residualStride) + first);
            }
        });
    }
}
