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

        fixed (float* pinned = rows)
        {
            var source = pinned;
            Encode(rows.Length / columns, (done, count) => Encode(_rows + done, count, source + ((long)done * columns)));
        }
    }

    /// <summary>Encodes all rows that are missing; <paramref name="read"/> is told the first of a few rows and writes their values, on several threads at once.</summary>
    public void AddRest(Action<int, Span<float>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        Encode(_matrix.Out - _rows, (done, count) =>
        {
            var values = checked(count * _matrix.In);
            var bytes = (long)values * sizeof(float);
            var buffer = (float*)MemoryPool.Rent(bytes);
            try
            {
                read(_rows + done, new Span<float>(buffer, values));
                return Encode(_rows + done, count, buffer);
            }
            finally
            {
                MemoryPool.Return((nint)buffer, bytes);
            }
        });
    }

    /// <summary>The finished matrix.</summary>
    public WeightMatrix Build() => _rows == _matrix.Out
        ? _matrix
        : throw new InvalidOperationException($"quantise: {_name} has {_rows} of its {_matrix.Out} rows");

    private void Encode(int rows, Func<int, int, string?> piece)
    {
        var block = Math.Max(1, PieceValues / _matrix.In);
        string? wrong = null;
        _workers.Run((rows + block - 1) / block, p => wrong = piece(p * block, Math.Min(block, rows - (p * block))) ?? wrong);
        _rows += rows;
        if (wrong is not null)
        {
            throw new InvalidDataException(wrong);
        }
    }

    private string? Encode(int first, int count, float* source)
    {
        string? wrong = null;
        for (var r = 0; r < count; r++)
        {
            if (_matrix.EncodeRow(first + r, source + ((long)r * _matrix.In)) is { } problem)
            {
                wrong = $"{_name} [{_matrix.Out}, {_matrix.In}], row {first + r}: {problem}; the checkpoint is damaged";
            }
        }

        return wrong;
    }
}
