namespace Parley.Tensors;

/// <summary>Where the columns of a product sum up that are computed together: in the result itself, or, when it is passed over several times, in a dense block of its own.</summary>
/// <remarks>Rows of a result are often a power of two apart, and then fall on the same few lines of the first-level cache.</remarks>
internal unsafe struct PanelSums
{
    private const int Line = 16;
    private readonly bool _adds;
    private readonly long _bytes;
    private readonly float* _block;

    /// <summary>Room for a piece of so many rows and columns; <paramref name="apart"/> when it shall be a block of its own.</summary>
    internal PanelSums(int rows, int columns, bool apart, bool adds)
    {
        _adds = adds;
        if (apart)
        {
            // An odd number of lines, so that neighbouring rows lie on different ones.
            Row = ((columns + Line - 1) / Line | 1) * Line;
            _bytes = rows * Row * sizeof(float);
            _block = (float*)MemoryPool.Rent(_bytes);
        }
    }

    /// <summary>Floats from one row of sums to the next.</summary>
    internal long Row { get; private set; }

    /// <summary>Begins a piece; its sums go where this says.</summary>
    internal float* Open(float* c, long cRow, int rows, int columns)
    {
        if (_block is null)
        {
            Row = cRow;
            return c;
        }

        for (var i = 0; _adds && i < rows; i++)
        {
            new ReadOnlySpan<float>(c + i * cRow, columns).CopyTo(new Span<float>(_block + i * Row, columns));
        }

        return _block;
    }

    /// <summary>Brings a finished piece to where it belongs.</summary>
    internal readonly void Close(float* c, long cRow, int rows, int columns)
    {
        for (var i = 0; _block is not null && i < rows; i++)
        {
            new ReadOnlySpan<float>(_block + i * Row, columns).CopyTo(new Span<float>(c + i * cRow, columns));
        }
    }

    /// <summary>Gives the block back.</summary>
    internal readonly void Free()
    {
        if (_block is not null)
        {
            MemoryPool.Return((nint)_block, _bytes);
        }
    }
}
