namespace Parley.Tensors;

/// <summary>Encodes a weight matrix from rows that arrive one group after another, so that the float32 source is never held whole.</summary>
public sealed unsafe class WeightMatrixBuilder
{
    private const int PieceValues = 64 << 10;

    private readonly EncodedMatrix _matrix;
    private readonly string _name;
    private readonly Workers _workers;
    private int _rows;

    /// <summary>Starts a matrix [rows, columns] in <paramref name="format"/>; <paramref name="name"/> is what errors call it.</summary>
    public WeightMatrixBuilder(WeightFormat format, int rows, int columns, string name = "weight", Workers? workers = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        (_name, _workers) = (name, workers ?? Workers.Shared);
        _matrix = format switch
        {
            WeightFormat.BFloat16 => new BFloat16Matrix(rows, columns),
            WeightFormat.Float16 => new Float16Matrix(rows, columns),
            WeightFormat.Int8 => new Int8Matrix(rows, columns),
            WeightFormat.Int4 => new Int4Matrix(rows, columns),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "quantise: float32 weights need no encoding; use WeightMatrix.Dense"),
        };
    }

    /// <summary>Encodes the next rows; <paramref name="rows"/> holds a whole number of them.</summary>
    public void Add(ReadOnlySpan<float> rows)
    {
        var columns = _matrix.In;
        if (rows.Length % columns != 0 || rows.Length / columns > _matrix.Out - _rows)
        {
            throw new ShapeException($"quantise: {_name}: {rows.Length} values are not whole rows of {columns}, or more than the {_matrix.Out - _rows} rows missing");
        }

        var (first, count) = (_rows, rows.Length / columns);
        var block = Math.Max(1, PieceValues / columns);
        string? wrong = null;
        fixed (float* pinned = rows)
        {
            var source = pinned;
            _workers.Run((count + block - 1) / block, piece =>
            {
                for (var r = piece * block; r < Math.Min(count, (piece + 1) * block); r++)
                {
                    if (_matrix.EncodeRow(first + r, source + ((long)r * columns)) is { } problem)
                    {
                        wrong = $"{_name} [{_matrix.Out}, {columns}], row {first + r}: {problem}; the checkpoint is damaged";
                    }
                }
            });
        }

        _rows += count;
        if (wrong is not null)
        {
            throw new InvalidDataException(wrong);
        }
    }

    /// <summary>The finished matrix.</summary>
    public WeightMatrix Build() => _rows == _matrix.Out
        ? _matrix
        : throw new InvalidOperationException($"quantise: {_name} has {_rows} of its {_matrix.Out} rows");
}
