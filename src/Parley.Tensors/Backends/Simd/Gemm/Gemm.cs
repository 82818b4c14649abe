using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Products of float32 matrices of any strides: packed, blocked for the caches, spread over cores.</summary>
/// <remarks>
/// The blocking is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008). Each value of the result is
/// summed in the same order however the work is cut, so it does not depend on the number of threads.
/// </remarks>
internal static unsafe class Gemm
{
    private const int BlockRows = 96;
    private const int BlockColumns = 512;
    private const int SmallRows = 640;
    private const long PackedFloats = 2L << 20;
    private const long PackAlone = 32 << 10;

    private static readonly Workers Alone = new(1);

    /// <summary>c[m, n] = epilogue(a[m, k] b[k, n]); c has dense rows that must not overlap a or b.</summary>
    /// <param name="workers">Cores to use.</param>
    /// <param name="m">Rows of a and c.</param>
    /// <param name="n">Columns of b and c.</param>
    /// <param name="k">Columns of a and rows of b.</param>
    /// <param name="a">First value of a.</param>
    /// <param name="aRow">Floats from one row of a to the next.</param>
    /// <param name="aColumn">Floats from one column of a to the next.</param>
    /// <param name="b">First value of b.</param>
    /// <param name="bRow">Floats from one row of b to the next: 1 for weights [out, in].</param>
    /// <param name="bColumn">Floats from one column of b to the next: the row stride of weights [out, in].</param>
    /// <param name="c">First value of the result.</param>
    /// <param name="cRow">Floats from one row of c to the next.</param>
    /// <param name="epilogue">Bias, activation, residual.</param>
    internal static void Run(
        Workers workers, int m, int n, int k, float* a, long aRow, long aColumn, float* b, long bRow, long bColumn, float* c, long cRow, in Epilogue epilogue = default)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Run<Tile512>(workers, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, epilogue);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Run<Tile256>(workers, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, epilogue);
        }
        else
        {
            Run<Tile128>(workers, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, epilogue);
        }
    }

    /// <summary>The same with a given tile.</summary>
    internal static void Run<TTile>(
        Workers workers, int m, int n, int k, float* a, long aRow, long aColumn, float* b, long bRow, long bColumn, float* c, long cRow, Epilogue epilogue)
        where TTile : struct, ITile
    {
        if (m <= 0 || n <= 0)
        {
            return;
        }

        if (k <= 0)
        {
            for (var i = 0; i < m && !epilogue.Accumulate; i++)
            {
                new Span<float>(c + i * cRow, n).Clear();
            }

            epilogue.Apply(0, 0, m, n, c, cRow);
        }
        else if (m <= DotRows.Most && bRow == 1 && aColumn == 1)
        {
            DotRows.Run(workers, m, n, k, a, aRow, b, bColumn, c, cRow, epilogue);
        }
        else if (m <= SmallRows)
        {
            RunFlat<TTile>(workers, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, epilogue);
        }
        else
        {
            RunTall<TTile>(workers, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, epilogue);
        }
    }

    // Few rows: each piece packs its own columns of b a strip at a time and takes all rows over it, so that b is read once and never written back.
    private static void RunFlat<TTile>(
        Workers workers, int m, int n, int k, float* a, long aRow, long aColumn, float* b, long bRow, long bColumn, float* c, long cRow, Epilogue epilogue)
        where TTile : struct, ITile
    {
        var (tileRows, tileColumns) = (TTile.Rows, TTile.Columns);
        var (strips, panels) = (Ceiling(m, tileRows), Ceiling(n, tileColumns));
        var step = Step(k, tileColumns);
        var inPlace = InPlace(m, tileRows, aColumn);
        var packedBytes = Math.Max((long)(strips * tileRows - inPlace) * k, 1) * sizeof(float);
        var packed = (float*)MemoryPool.Rent(packedBytes);
        try
        {
            var alone = (long)(m - inPlace) * k < PackAlone;
            PackAll(alone ? Alone : workers, a + inPlace * aRow, aRow, aColumn, m - inPlace, tileRows, k, step, packed);

            // About a quarter of a million multiply-adds a piece, and at least one strip.
            var perPiece = (int)Math.Clamp((1L << 18) / ((long)strips * tileRows * tileColumns * k), 1, panels);
            workers.Run(Ceiling(panels, perPiece), piece =>
            {
                var stripBytes = (long)tileColumns * step * sizeof(float);
                var strip = (float*)MemoryPool.Rent(stripBytes);
                var edge = stackalloc float[tileRows * tileColumns];
                var target = new PanelSums(m, tileColumns, k > step, epilogue.Accumulate);
                for (var panel = piece * perPiece; panel < Math.Min((piece + 1) * perPiece, panels); panel++)
                {
                    var column = panel * tileColumns;
                    var columns = Math.Min(tileColumns, n - column);
                    var sums = target.Open(c + column, cRow, m, columns);
                    for (var p = 0; p < k; p += step)
                    {
                        var depth = Math.Min(step, k - p);
                        Packing.Pack(b + column * bColumn + p * bRow, bColumn, bRow, columns, tileColumns, depth, strip);
                        for (var row = 0; row < m; row += tileRows)
                        {
                            var left = row < inPlace ? a + row * aRow + p : packed + (long)(row - inPlace) * k + (long)p * tileRows;
                            var (leftRow, leftStep) = row < inPlace ? (aRow, 1) : (1, tileRows);
                            Multiply<TTile>(
                                depth, left, leftRow, leftStep, strip, sums + row * target.Row, target.Row, Math.Min(tileRows, m - row), columns, p > 0 || epilogue.Accumulate, edge);
                        }
                    }

                    epilogue.Apply(0, column, m, columns, sums, target.Row);
                    target.Close(c + column, cRow, m, columns);
                }

                target.Free();

                MemoryPool.Return((nint)strip, stripBytes);
            });
        }
        finally
        {
            MemoryPool.Return((nint)packed, packedBytes);
        }
    }

    // Many rows: columns of b are packed once for all (as many as fit a few megabytes), then blocks of c are computed.
    private static void RunTall<TTile>(
        Workers workers, int m, int n, int k, float* a, long aRow, long aColumn, float* b, long bRow, long bColumn, float* c, long cRow, Epilogue epilogue)
        where TTile : struct, ITile
    {
        var (tileRows, tileColumns) = (TTile.Rows, TTile.Columns);
        var step = Step(k, tileColumns);
        var blockRows = Even(m, BlockRows, tileRows);
        var width = (int)Math.Min(Math.Max(PackedFloats / k / BlockColumns, 1) * BlockColumns, Ceiling(n, tileColumns) * (long)tileColumns);
        var packedBytes = (long)width * k * sizeof(float);
        var packed = (float*)MemoryPool.Rent(packedBytes);
        try
        {
            for (var start = 0; start < n; start += width)
            {
                var (first, columns) = (start, Math.Min(width, n - start));
                PackAll(workers, b + first * bColumn, bColumn, bRow, columns, tileColumns, k, step, packed);

                var blockColumns = Even(columns, BlockColumns, tileColumns);
                var across = Ceiling(columns, blockColumns);
                workers.Run(Ceiling(m, blockRows) * across, piece =>
                {
                    var row = piece / across * blockRows;
                    var column = piece % across * blockColumns;
                    var (rows, wide) = (Math.Min(blockRows, m - row), Math.Min(blockColumns, columns - column));
                    var target = c + row * cRow + first + column;
                    Block<TTile>(rows, wide, k, step, a + row * aRow, aRow, aColumn, packed + (long)column * k, target, cRow, epilogue.Accumulate);
                    epilogue.Apply(row, first + column, rows, wide, target, cRow);
                });
            }
        }
        finally
        {
            MemoryPool.Return((nint)packed, packedBytes);
        }
    }

    private static void Block<TTile>(
        int rows, int columns, int k, int step, float* a, long aRow, long aColumn, float* packedB, float* c, long cRow, bool accumulate)
        where TTile : struct, ITile
    {
        var (tileRows, tileColumns) = (TTile.Rows, TTile.Columns);

        var inPlace = InPlace(rows, tileRows, aColumn);
        var bytes = Math.Max((long)(Ceiling(rows, tileRows) * tileRows - inPlace) * step * sizeof(float), sizeof(float));
        var packedA = (float*)MemoryPool.Rent(bytes);
        var edge = stackalloc float[tileRows * tileColumns];
        for (var p = 0; p < k; p += step)
        {
            var depth = Math.Min(step, k - p);
            if (inPlace < rows)
            {
                Packing.Strips(a + inPlace * aRow + p * aColumn, aRow, aColumn, rows - inPlace, tileRows, depth, packedA, (long)tileRows * depth);
            }

            for (var column = 0; column < columns; column += tileColumns)
            {
                var strip = packedB + (long)column * k + (long)p * tileColumns;
                for (var row = 0; row < rows; row += tileRows)
                {
                    var left = row < inPlace ? a + row * aRow + p : packedA + (long)(row - inPlace) * depth;
                    var (leftRow, leftStep) = row < inPlace ? (aRow, 1) : (1, tileRows);
                    Multiply<TTile>(
                        depth, left, leftRow, leftStep, strip, c + row * cRow + column, cRow, Math.Min(tileRows, rows - row), Math.Min(tileColumns, columns - column), p > 0 || accumulate, edge);
                }
            }
        }

        MemoryPool.Return((nint)packedA, bytes);
    }

    // A strip of k steps is packed as one run: step after step, so that any depth of it can be taken from p * lanes on.
    private static void PackAll(Workers workers, float* source, long laneStride, long depthStride, int lanes, int width, int k, int step, float* packed)
    {
        var (together, steps) = (Packing.LanesTogether(width), Ceiling(k, step));
        workers.Run(Ceiling(lanes, together) * steps, piece =>
        {
            var (group, part) = Math.DivRem(piece, steps);
            var (lane, p) = (group * together, part * step);
            Packing.Strips(
                source + lane * laneStride + p * depthStride, laneStride, depthStride, Math.Min(together, lanes - lane), width, Math.Min(step, k - p), packed + (long)lane * k + (long)p * width, (long)width * k);
        });
    }

    private static void Multiply<TTile>(int depth, float* a, long aRow, long aStep, float* b, float* c, long cRow, int rows, int columns, bool add, float* edge)
        where TTile : struct, ITile
    {
        if (rows == TTile.Rows && columns == TTile.Columns)
        {
            Prefetch.Rows(c, cRow, rows);
            Prefetch.Rows(a + TTile.Rows * aRow, aRow, rows);
            TTile.Multiply(depth, a, aRow, aStep, b, TTile.Columns, c, cRow, add);
            return;
        }

        TTile.Multiply(depth, a, aRow, aStep, b, TTile.Columns, edge, TTile.Columns, add: false);
        for (var i = 0; i < rows; i++)
        {
            var from = edge + i * TTile.Columns;
            var to = c + i * cRow;
            for (var j = 0; j < columns; j++)
            {
                to[j] = add ? from[j] + to[j] : from[j];
            }
        }
    }

    // Whole tiles of a are read where they lie when their steps are neighbours; the others are packed.
    private static int InPlace(int rows, int tileRows, long aColumn) => aColumn == 1 ? rows / tileRows * tileRows : 0;

    private static int Ceiling(int value, int divisor) => (value + divisor - 1) / divisor;

    // Equal steps, so short that a strip of b stays in the first-level cache.
    private static int Step(int k, int tileColumns) => Ceiling(k, Ceiling(k, tileColumns >= 32 ? 256 : 384));

    // Equal blocks of at most `most` and of whole tiles.
    private static int Even(int value, int most, int tile) => Ceiling(Ceiling(value, Ceiling(value, most)), tile) * tile;
}
