using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors;

internal sealed unsafe partial class SimdBackend
{
    /// <inheritdoc/>
    internal override void Copy(Tensor x, Tensor y)
    {
        if (x.Count == 0)
        {
            return;
        }

        var strides = new Strides(y.Shape, x.Strides.ToArray(), y.Strides.ToArray());
        var last = strides.Rank - 1;
        var from = x.Pointer;
        var to = y.Pointer;
        var (length, xStep, yStep) = (strides.Size(last), strides.Step(last, 0), strides.Step(last, 1));
        var turned = yStep == 1 && xStep is not (0 or 1) ? DenseAxis(strides, last) : -1;
        if (turned >= 0)
        {
            strides.MoveBeforeLast(turned);
            Transpose(strides, from, to);
            return;
        }

        var rows = strides.Outer(last);
        if (rows == 1)
        {
            Pieces(length, CheapPiece, (start, count) => CopyRow(from + (start * xStep), xStep, to + (start * yStep), yStep, count));
            return;
        }

        Pieces(rows, Math.Max(1, CheapPiece / length), (start, count) =>
        {
            for (var row = start; row < start + count; row++)
            {
                CopyRow(from + strides.Position(row, last, 0), xStep, to + strides.Position(row, last, 1), yStep, length);
            }
        });
    }

    private static int DenseAxis(Strides strides, int axes)
    {
        for (var axis = axes - 1; axis >= 0; axis--)
        {
            if (strides.Step(axis, 0) == 1)
            {
                return axis;
            }
        }

        return -1;
    }

    private static void CopyRow(float* x, long xStep, float* y, long yStep, long count)
    {
        if (xStep == 1 && yStep == 1)
        {
            Buffer.MemoryCopy(x, y, count * sizeof(float), count * sizeof(float));
            return;
        }

        if (xStep == 0 && yStep == 1 && count <= int.MaxValue)
        {
            new Span<float>(y, (int)count).Fill(*x);
            return;
        }

        for (long i = 0; i < count; i++)
        {
            y[i * yStep] = x[i * xStep];
        }
    }

    /// <summary>The last two dimensions are y's rows and columns, and x's columns and rows.</summary>
    private void Transpose(Strides strides, float* x, float* y)
    {
        const long band = 32;
        var (rowAxis, columnAxis) = (strides.Rank - 2, strides.Rank - 1);
        var (rows, columns) = (strides.Size(rowAxis), strides.Size(columnAxis));
        var (xStep, yStep) = (strides.Step(columnAxis, 0), strides.Step(rowAxis, 1));
        var bands = (rows + band - 1) / band;
        Pieces(strides.Outer(rowAxis) * bands, Math.Max(1, CheapPiece / (band * columns)), (start, count) =>
        {
            for (var i = start; i < start + count; i++)
            {
                var (matrix, row) = (i / bands, i % bands * band);
                TransposeBand(
                    x + strides.Position(matrix, rowAxis, 0) + row, xStep, y + strides.Position(matrix, rowAxis, 1) + (row * yStep), yStep, Math.Min(band, rows - row), columns);
            }
        });
    }

    /// <summary>y[row, column] = x[column, row] for a band of rows, eight by eight.</summary>
    private static void TransposeBand(float* x, long xStep, float* y, long yStep, long rows, long columns)
    {
        long column = 0;
        if (Avx.IsSupported)
        {
            for (; column <= columns - 8; column += 8)
            {
                long row = 0;
                for (; row <= rows - 8; row += 8)
                {
                    TransposeTile(x + (column * xStep) + row, xStep, y + (row * yStep) + column, yStep);
                }

                TransposePart(x + (column * xStep) + row, xStep, y + (row * yStep) + column, yStep, rows - row, 8);
            }
        }

        for (; column < columns; column += 8)
        {
            TransposePart(x + (column * xStep), xStep, y + column, yStep, rows, Math.Min(8, columns - column));
        }
    }

    private static void TransposePart(float* x, long xStep, float* y, long yStep, long rows, long columns)
    {
        for (long row = 0; row < rows; row++)
        {
            for (long column = 0; column < columns; column++)
            {
                y[(row * yStep) + column] = x[(column * xStep) + row];
            }
        }
    }

    /// <summary>Pairs, then quads, then halves: 24 shuffles for 64 values.</summary>
    private static void TransposeTile(float* x, long xStep, float* y, long yStep)
    {
        var (a, b, c, d) = (Vector256.Load(x), Vector256.Load(x + xStep), Vector256.Load(x + (2 * xStep)), Vector256.Load(x + (3 * xStep)));
        x += 4 * xStep;
        var (e, f, g, h) = (Vector256.Load(x), Vector256.Load(x + xStep), Vector256.Load(x + (2 * xStep)), Vector256.Load(x + (3 * xStep)));

        var (ab0, ab1, cd0, cd1) = (Avx.UnpackLow(a, b), Avx.UnpackHigh(a, b), Avx.UnpackLow(c, d), Avx.UnpackHigh(c, d));
        var (ef0, ef1, gh0, gh1) = (Avx.UnpackLow(e, f), Avx.UnpackHigh(e, f), Avx.UnpackLow(g, h), Avx.UnpackHigh(g, h));

        var (q0, q1, q2, q3) = (Avx.Shuffle(ab0, cd0, 0x44), Avx.Shuffle(ab0, cd0, 0xEE), Avx.Shuffle(ab1, cd1, 0x44), Avx.Shuffle(ab1, cd1, 0xEE));
        var (q4, q5, q6, q7) = (Avx.Shuffle(ef0, gh0, 0x44), Avx.Shuffle(ef0, gh0, 0xEE), Avx.Shuffle(ef1, gh1, 0x44), Avx.Shuffle(ef1, gh1, 0xEE));

        Avx.Permute2x128(q0, q4, 0x20).Store(y);
        Avx.Permute2x128(q1, q5, 0x20).Store(y + yStep);
        Avx.Permute2x128(q2, q6, 0x20).Store(y + (2 * yStep));
        Avx.Permute2x128(q3, q7, 0x20).Store(y + (3 * yStep));
        y += 4 * yStep;
        Avx.Permute2x128(q0, q4, 0x31).Store(y);
        Avx.Permute2x128(q1, q5, 0x31).Store(y + yStep);
        Avx.Permute2x128(q2, q6, 0x31).Store(y + (2 * yStep));
        Avx.Permute2x128(q3, q7, 0x31).Store(y + (3 * yStep));
    }
}
