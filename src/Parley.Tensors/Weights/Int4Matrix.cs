namespace Parley.Tensors;

/// <summary>Groups of 32 signed 4-bit integers with a bfloat16 scale: 4.5 bits a weight. Few input rows are rounded to int8, many stay float32.</summary>
internal sealed unsafe class Int4Matrix : EncodedMatrix
{
    private const int FewRows = 8;
    private const int PieceBytes = 32 << 10;

    private readonly NativeBlock _values;
    private readonly NativeBlock _scales;
    private readonly int _pairs;

    internal Int4Matrix(int rows, int columns)
        : base(rows, columns)
    {
        _pairs = (columns + Int4Dot.Pair - 1) / Int4Dot.Pair;
        _values = new NativeBlock((long)rows * _pairs * Int4Dot.Group);
        _scales = new NativeBlock((long)rows * _pairs * 2 * sizeof(ushort));
    }

    /// <inheritdoc/>
    public override WeightFormat Format => WeightFormat.Int4;

    /// <inheritdoc/>
    public override long Bytes => _values.Bytes + _scales.Bytes;

    /// <inheritdoc/>
    internal override string? EncodeRow(int row, float* source)
    {
        if (!float.IsFinite(Int8Quantiser.LargestMagnitude(source, In)))
        {
            return "NaN or infinite values";
        }

        var values = stackalloc float[Int4Dot.Pair];
        var codes = stackalloc byte[Int4Dot.Pair];
        for (var p = 0; p < _pairs; p++)
        {
            var count = Math.Min(Int4Dot.Pair, In - (p * Int4Dot.Pair));
            new Span<float>(source + (p * Int4Dot.Pair), count).CopyTo(new Span<float>(values, Int4Dot.Pair));
            new Span<float>(values + count, Int4Dot.Pair - count).Clear();
            var scales = Scales(row) + (2 * p);
            scales[0] = Int4Dot.Encode(values, codes);
            scales[1] = Int4Dot.Encode(values + Int4Dot.Group, codes + Int4Dot.Group);
            var packed = Values(row) + (p * Int4Dot.Group);
            for (var i = 0; i < Int4Dot.Group; i++)
            {
                packed[i] = (byte)(codes[i] | (codes[Int4Dot.Group + i] << 4));
            }
        }

        return null;
    }

    /// <inheritdoc/>
    internal override void DecodeRow(int row, float* target)
    {
        for (var g = 0; g < 2 * _pairs; g++)
        {
            var scale = BFloat16Code.Decode(Scales(row)[g]);
            var packed = Values(row) + (g / 2 * Int4Dot.Group);
            var (shift, start) = (g % 2 * 4, g * Int4Dot.Group);
            for (var i = 0; i < Math.Min(Int4Dot.Group, In - start); i++)
            {
                target[start + i] = (((packed[i] >> shift) & 15) - 8) * scale;
            }
        }
    }

    /// <inheritdoc/>
    internal override void Multiply(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        if (rows > FewRows)
        {
            MultiplyDecoded(workers, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }
        else if (rows > 0 && Out > 0)
        {
            MultiplyFew(workers, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }

        GC.KeepAlive(this);
    }

    private byte* Values(int row) => _values.Pointer + ((long)row * _pairs * Int4Dot.Group);

    private ushort* Scales(int row) => (ushort*)_scales.Pointer + ((long)row * _pairs * 2);

    private void MultiplyFew(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        var length = _pairs * Int4Dot.Pair;
        var bytes = 2L * rows * length;
        var inputs = (sbyte*)MemoryPool.Rent(bytes);
        var corrections = (int*)(inputs + ((long)rows * length));
        var inputScales = stackalloc float[FewRows];
        for (var r = 0; r < rows; r++)
        {
            var input = inputs + ((long)r * length);
            inputScales[r] = Int8Quantiser.ToBytes(x + (r * xStride), In, input, length);
            Int4Dot.Corrections(input, length, corrections + ((long)r * length / 4));
        }

        var scales = inputScales;
        var block = Math.Max(1, PieceBytes / (_pairs * Int4Dot.Group));
        workers.Run((Out + block - 1) / block, piece =>
        {
            var (first, count) = (piece * block, Math.Min(block, Out - (piece * block)));
            for (var o = first; o < first + count; o++)
            {
                for (var r = 0; r < rows; r++)
                {
                    y[(r * yStride) + o] = scales[r] * Int4Dot.One(inputs + ((long)r * length), corrections + ((long)r * length / 4), Values(o), Scales(o), _pairs);
                }
            }

            for (var r = 0; r < rows; r++)
            {
                var target = y + (r * yStride) + first;
                WeightEpilogue.AddBias(target, count, bias is null ? null : bias + first);
                WeightEpilogue.Finish(target, count, activation, residual is null ? null : residual + (r * residualStride) + first);
            }
        });
        MemoryPool.Return((nint)inputs, bytes);
    }
}
