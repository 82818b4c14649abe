namespace Parley.Tensors;

/// <summary>Keys or values that many steps attend to, [batch, heads, time, dim], in 16-bit integers with one scale a row: half of the memory, and half of what a step reads.</summary>
/// <remarks>The largest magnitude of a row becomes 32767, so a value is off by at most 1/65534 of it.</remarks>
public sealed unsafe class CompactRows : IDisposable
{
    private const int Limit = short.MaxValue;
    private const int RowsPerPiece = 256;

    private Storage _codes;
    private Storage _scales;

    private CompactRows(Shape shape)
    {
        Shape = shape;
        var rows = (long)shape[0] * shape[1] * shape[2];
        Stride = (shape[3] + 1) & ~1;
        _codes = new Storage(rows * Stride / 2, scoped: false);
        _scales = new Storage(rows, scoped: false);
    }

    /// <summary>[batch, heads, time, dim].</summary>
    public Shape Shape { get; private set; }

    /// <summary>16-bit values from one row to the next.</summary>
    internal int Stride { get; }

    /// <summary>Rounds a tensor [batch, heads, time, dim].</summary>
    public static CompactRows From(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Shape.Rank != 4)
        {
            throw new ShapeException($"compact rows: shape {x.Shape} is not [batch, heads, time, dim]");
        }

        using var scope = new TensorScope();
        var source = x.Strides[3] == 1 || x.Shape[3] <= 1 ? x : x.Contiguous();
        var made = new CompactRows(x.Shape);
        var (heads, time, dim) = (x.Shape[1], x.Shape[2], x.Shape[3]);
        var rows = x.Shape[0] * heads * time;
        x.Backend.Workers.Run((rows + RowsPerPiece - 1) / RowsPerPiece, piece =>
        {
            for (var row = piece * RowsPerPiece; row < Math.Min(rows, (piece + 1) * RowsPerPiece); row++)
            {
                var (batch, head, at) = (row / time / heads, row / time % heads, row % time);
                var from = source.Pointer + (batch * source.Strides[0]) + (head * source.Strides[1]) + (at * source.Strides[2]);
                made._scales.Pointer[row] = Int8Quantiser.ToShorts(from, dim, made.Codes(row), made.Stride, Limit);
            }
        });
        GC.KeepAlive(source);
        return made;
    }

    /// <summary>The rounded values as float32.</summary>
    public Tensor ToTensor(Backend backend) => Decode(0, Shape[0], backend);

    /// <summary>Goes on with some entries of the batch only, in the given order.</summary>
    public void Keep(ReadOnlySpan<int> entries)
    {
        // Where none is taken from a place already overwritten, entries move within their memory.
        var inPlace = true;
        for (var i = 0; i < entries.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)entries[i], (uint)Shape[0], nameof(entries));
            inPlace &= entries[i] >= i;
        }

        var shape = Shape.With(0, entries.Length);
        var (codes, scales) = (_codes, _scales);
        var rows = (long)Shape[1] * Shape[2];
        if (!inPlace)
        {
            _codes = new Storage(entries.Length * rows * Stride / 2, scoped: false);
            _scales = new Storage(entries.Length * rows, scoped: false);
        }

        for (var i = 0; i < entries.Length; i++)
        {
            if (!inPlace || entries[i] != i)
            {
                Move(codes, _codes, entries[i], i, rows * Stride / 2);
                Move(scales, _scales, entries[i], i, rows);
            }
        }

        if (!inPlace)
        {
            codes.Dispose();
            scales.Dispose();
        }

        Shape = shape;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _codes.Dispose();
        _scales.Dispose();
    }

    /// <summary>The integers of a row, counted over batch, heads and time.</summary>
    internal short* Codes(long row) => (short*)_codes.Pointer + (row * Stride);

    /// <summary>The scales from a row on.</summary>
    internal float* Scales(long row) => _scales.Pointer + row;

    /// <summary>Some entries of the batch as float32.</summary>
    internal Tensor Decode(int first, int end, Backend backend)
    {
        var y = Tensor.Empty(Shape.With(0, end - first), backend);
        var (dim, from) = (Shape[3], (long)first * Shape[1] * Shape[2]);
        var rows = (end - first) * Shape[1] * Shape[2];
        backend.Workers.Run((rows + RowsPerPiece - 1) / RowsPerPiece, piece =>
        {
            for (var row = piece * RowsPerPiece; row < Math.Min(rows, (piece + 1) * RowsPerPiece); row++)
            {
                short* codes = Codes(from + row);
                float* target = y.Pointer + ((long)row * dim);
                var scale = *Scales(from + row);
                for (var i = 0; i < dim; i++)
                {
                    target[i] = codes[i] * scale;
                }
            }
        });
        GC.KeepAlive(this);
        return y;
    }

    private static void Move(Storage source, Storage target, int from, int to, long floats) =>
        Buffer.MemoryCopy(source.Pointer + (from * floats), target.Pointer + (to * floats), floats * sizeof(float), floats * sizeof(float));
}
