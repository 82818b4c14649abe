using System.Runtime.Intrinsics;

namespace Parley.Tensors;

internal sealed unsafe partial class SimdBackend
{
    /// <summary>Values of one long row in a piece.</summary>
    private const long LongRow = 1 << 16;

    /// <summary>Columns in a piece when rows are folded into one.</summary>
    private const long ColumnTile = 256;

    /// <inheritdoc/>
    internal override void Reduce(ReduceOp op, Tensor x, int axis, Tensor y)
    {
        using var scope = new TensorScope();
        long outer = 1, inner = 1;
        for (var d = 0; d < x.Shape.Rank; d++)
        {
            outer *= d < axis ? x.Shape[d] : 1;
            inner *= d > axis ? x.Shape[d] : 1;
        }

        long length = x.Shape[axis];
        var from = x.Contiguous().Pointer;
        var to = y.Pointer;
        if (inner > 1)
        {
            var tiles = (inner + ColumnTile - 1) / ColumnTile;
            Pieces(outer * tiles, Math.Max(1, CheapPiece / (Math.Min(inner, ColumnTile) * Math.Max(1, length))), (start, count) =>
            {
                for (var i = start; i < start + count; i++)
                {
                    var (block, column) = (i / tiles, i % tiles * ColumnTile);
                    FoldColumns(op, from + (block * length * inner) + column, length, inner, to + (block * inner) + column, Math.Min(ColumnTile, inner - column));
                }
            });
            return;
        }

        if (length <= LongRow)
        {
            Rows(outer, length, row => to[row] = (float)FoldRow(op, from + (row * length), length, length));
            return;
        }

        var parts = (length + LongRow - 1) / LongRow;
        var partial = new double[outer * parts];
        Workers.Run(checked((int)partial.Length), i =>
        {
            var (row, part) = (i / parts, i % parts);
            partial[i] = FoldRow(op, from + (row * length) + (part * LongRow), Math.Min(LongRow, length - (part * LongRow)), length);
        });
        for (long row = 0; row < outer; row++)
        {
            var all = partial.AsSpan((int)(row * parts), (int)parts);
            var value = all[0];
            foreach (var next in all[1..])
            {
                value = op == ReduceOp.Max ? Math.Max(value, next) : value + next;
            }

            to[row] = (float)value;
        }
    }

    private static double FoldRow(ReduceOp op, float* x, long count, long length) => op switch
    {
        ReduceOp.Sum => RowKernels.Sum(x, count),
        ReduceOp.Mean => RowKernels.Sum(x, count) / length,
        ReduceOp.Max => RowKernels.Max(x, count),
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, "unknown fold"),
    };

    private static void FoldColumns(ReduceOp op, float* x, long rows, long step, float* y, long columns)
    {
        // Sums go over blocks of 64 rows first: the error grows with the number of blocks, not of rows.
        const long block = 64;
        var part = stackalloc float[(int)ColumnTile];
        var start = op == ReduceOp.Max ? float.NegativeInfinity : 0f;
        new Span<float>(y, (int)columns).Fill(start);
        for (long first = 0; first < rows; first += block)
        {
            new Span<float>(part, (int)columns).Fill(start);
            for (var row = first; row < Math.Min(rows, first + block); row++)
            {
                Fold(op, part, x + (row * step), columns);
            }

            Fold(op, y, part, columns);
        }

        if (op == ReduceOp.Mean)
        {
            float divisor = rows;
            ElementLoops.Zip<BinaryFunctions.Divide>(y, 1, &divisor, 0, y, columns);
        }
    }

    private static void Fold(ReduceOp op, float* into, float* row, long columns)
    {
        if (op == ReduceOp.Max)
        {
            ElementLoops.Zip<BinaryFunctions.Maximum>(into, 1, row, 1, into, columns);
        }
        else
        {
            ElementLoops.Zip<BinaryFunctions.Add>(into, 1, row, 1, into, columns);
        }
    }

    /// <inheritdoc/>
    internal override void ArgMax(Tensor x, Span<int> y)
    {
        using var scope = new TensorScope();
        var from = x.Contiguous().Pointer;
        var length = x.Shape[^1];
        for (var row = 0; row < y.Length; row++)
        {
            y[row] = IndexOf(from + ((long)row * length), length, RowKernels.Max(from + ((long)row * length), length));
        }
    }

    private static int IndexOf(float* x, int count, float value)
    {
        var i = 0;
        if (!float.IsNaN(value))
        {
            var wanted = Vector128.Create(value);
            while (i <= count - 8 && !Vector128.EqualsAny(Vector128.Load(x + i), wanted) && !Vector128.EqualsAny(Vector128.Load(x + i + 4), wanted))
            {
                i += 8;
            }
        }

        while (!x[i].Equals(value) && x[i] != value)
        {
            i++;
        }

        return i;
    }
}
