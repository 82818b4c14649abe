using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors;

/// <summary>Rows of 8-bit integers −127…127 with one scale each; inputs are rounded to the same range row by row, and the sums are exact.</summary>
internal sealed unsafe class Int8Matrix : EncodedMatrix
{
    /// <summary>Longest row whose sums of products stay within int32.</summary>
    internal const int MostColumns = 131_072;

    private const int FewRows = 24;
    private const int PieceBytes = 64 << 10;
    private const int PieceRows = 128;

    private readonly NativeBlock _values;
    private readonly NativeBlock _scales;

    internal Int8Matrix(int rows, int columns)
        : base(rows, columns)
    {
        if (columns > MostColumns)
        {
            throw new ShapeException($"int8 weight: {columns} input features, at most {MostColumns} are summed exactly; use another format");
        }

        Stride = (columns + Int8Dot.Padding - 1) / Int8Dot.Padding * Int8Dot.Padding;
        _values = new NativeBlock((long)rows * Stride);
        _scales = new NativeBlock(rows * 4L);
    }

    /// <inheritdoc/>
    public override WeightFormat Format => WeightFormat.Int8;

    /// <inheritdoc/>
    public override long Bytes => _values.Bytes + _scales.Bytes;

    /// <summary>Bytes from one row to the next; the rest of a row is zero.</summary>
    internal int Stride { get; }

    /// <summary>One scale a row.</summary>
    internal float* Scales => (float*)_scales.Pointer;

    /// <summary>First value of a row.</summary>
    internal sbyte* Row(int row) => (sbyte*)_values.Pointer + ((long)row * Stride);

    /// <inheritdoc/>
    internal override void DecodeRow(int row, float* target)
    {
        var values = Row(row);
        var scale = Scales[row];
        for (var i = 0; i < In; i++)
        {
            target[i] = values[i] * scale;
        }
    }

    /// <inheritdoc/>
    internal override string? EncodeRow(int row, float* source)
    {
        Scales[row] = Int8Quantiser.ToBytes(source, In, Row(row), Stride);
        return float.IsNaN(Scales[row]) ? "NaN or infinite values" : null;
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
        else if (AvxVnni.IsSupported)
        {
            // One instruction of 256 bits does what takes two of 512 without it.
            Int8Gemm<RaisedQuads256, Vector256<int>>.Run(workers, this, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }
        else if (Avx512BW.IsSupported && Vector512.IsHardwareAccelerated)
        {
            Int8Gemm<Pairs512, Vector512<int>>.Run(workers, this, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }
        else if (Avx2.IsSupported)
        {
            Int8Gemm<Pairs256, Vector256<int>>.Run(workers, this, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }
        else if (Dp.IsSupported)
        {
            Int8Gemm<SignedQuads128, Vector128<int>>.Run(workers, this, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }
        else
        {
            Int8Gemm<Pairs128, Vector128<int>>.Run(workers, this, rows, x, xStride, bias, activation, residual, residualStride, y, yStride);
        }

        GC.KeepAlive(this);
    }

    private void MultiplyFew(
        Workers workers, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        var bytes = (long)rows * Stride;
        var inputs = (sbyte*)MemoryPool.Rent(bytes);
        var scales = stackalloc float[rows];
        for (var r = 0; r < rows; r++)
        {
            scales[r] = Int8Quantiser.ToBytes(x + (r * xStride), In, inputs + ((long)r * Stride), Stride);
        }

        var inputScales = scales;
        var block = Math.Clamp(PieceBytes / Stride / Int8Dot.Rows, 1, PieceRows / Int8Dot.Rows) * Int8Dot.Rows;
        workers.Run((Out + block - 1) / block, piece =>
        {
            var sums = stackalloc int[rows * block];
            var (first, count) = (piece * block, Math.Min(block, Out - (piece * block)));
            for (var o = 0; o < count; o += Int8Dot.Rows)
            {
                var width = Math.Min(Int8Dot.Rows, count - o);
                for (var r = 0; r < rows; r += Int8Dot.Inputs)
                {
                    Int8Dot.Block(Math.Min(Int8Dot.Inputs, rows - r), inputs + ((long)r * Stride), width, Row(first + o), Stride, sums + (r * block) + o, block);
                }
            }

            for (var r = 0; r < rows; r++)
            {
                var target = y + (r * yStride) + first;
                WeightEpilogue.Scale(sums + (r * block), count, inputScales[r], Scales + first, bias is null ? null : bias + first, target);
                WeightEpilogue.Finish(target, count, activation, residual is null ? null : residual + (r * residualStride) + first);
            }
        });
        MemoryPool.Return((nint)inputs, bytes);
    }
}
