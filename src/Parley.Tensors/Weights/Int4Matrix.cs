namespace Parley.Tensors;

/// <summary>Groups of 32 signed 4-bit integers with a bfloat16 scale: 4.5 bits a weight. Inputs are rounded to int8 row by row.</summary>
internal sealed unsafe class Int4Matrix : EncodedMatrix
{
    private const int FewRows = 16;
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
            var packed = RowValues(row) + (p * Int4Dot.Group);
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
        var values = stackalloc float[Int4Dot.Pair];
        for (var p = 0; p < _pairs; p++)
        {
            var packed = RowValues(row) + (p * Int4Dot.Group);
            var scales = Scales(row) + (2 * p);
            var start = p * Int4Dot.Pair;
            if (In - start >= Int4Dot.Pair)
            {
                Int4Dot.Decode(packed, scales, target + start);
            }
            else
            {
                Int4Dot.Decode(packed, scales, values);
                new Span<float>(values, In - start).CopyTo(new Span<float>(target + start, In - start));
            }
        }
    }

    /// <inheritdoc/>
    internal override void Multiply(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        if (rows > FewRows)
        {
            MultiplyMany(workers, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }
        else if (rows > 0 && Out > 0)
        {
            MultiplyFew(workers, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }

        GC.KeepAlive(this);
    }

    private byte* RowValues(int row) => _values.Pointer + ((long)row * _pairs * Int4Dot.Group);

    private ushort* Scales(int row) => (ushort*)_scales.Pointer + ((long)row * _pairs * 2);

    // Inputs are rounded here too, so that a row means the same among few and among many.
    private void MultiplyMany(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        var bytes = (long)rows * In * sizeof(float);
        var inputs = (float*)MemoryPool.Rent(bytes);
        const int Chunk = 16;
        workers.Run((rows + Chunk - 1) / Chunk, piece =>
        {
            for (var r = piece * Chunk; r < Math.Min(rows, (piece + 1) * Chunk); r++)
            {
                Int8Quantiser.ToRounded(x + (r * xStride), In, inputs + ((long)r * In));
            }
        });
        MultiplyDecoded(workers, rows, inputs, In, bias, activation, residual, residualStride, y, yStride);
        MemoryPool.Return((nint)inputs, bytes);
    }

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
                for (var r = 0; r < rows; r += Int4Dot.Inputs)
                {
                    Several(Math.Min(Int4Dot.Inputs, rows - r), o, inputs + ((long)r * length), corrections + ((long)r * length / 4), scales + r, y + (r * yStride) + o, yStride);
                }
            }

            for (var r = 0; r < rows; r++)
            {
                var target = y + (r * yStride) + first;
                WeightEpilogue.Add(target, count, bias is null ? null : bias + first);
                WeightEpilogue.Finish(target, count, activation, residual is null ? null : residual + (r * residualStride) + first);
            }
        });
        MemoryPool.Return((nint)inputs, bytes);
    }

    private void Several(int count, int row, sbyte* x, int* corrections, float* scales, float* y, long yStride)
    {
        if (count == 1)
        {
            *y = *scales * Int4Dot.One(x, corrections, RowValues(row), Scales(row), _pairs);
            return;
        }

        // Inputs that are not there are the second again.
        var sums = stackalloc float[Int4Dot.Inputs];
        long length = _pairs * Int4Dot.Pair, third = count > 2 ? 2 * length : length, fourth = count > 3 ? 3 * length : length;
        Int4Dot.Four(
            x, x + length, x + third, x + fourth, corrections, corrections + (length / 4), corrections + (third / 4), corrections + (fourth / 4),
            RowValues(row), Scales(row), _pairs, sums);
        for (var i = 0; i < count; i++)
        {
            y[i * yStride] = scales[i] * sums[i];
        }
    }
}
