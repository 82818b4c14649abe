using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>Blocked product of quantised inputs and weights: exact int32 sums in register tiles, made into floats at the end of each.</summary>
/// <remarks>
/// Six input rows by two vectors of outputs stay in registers over the whole of k. A piece packs its block of weights once, k-interleaved
/// [unit][column], small enough for the second-level cache, and passes all its input rows over it.
/// </remarks>
internal static unsafe class Int8Gemm<TStep, TVector>
    where TStep : struct, IInt8Step<TVector>
    where TVector : struct
{
    private const int TileRows = 6;
    private const int RowBlock = 768;
    private const int BlockBytes = 160 << 10;

    private static int TileColumns => 2 * TStep.Lanes;

    internal static void Run(
        Workers workers, Int8Matrix weight, int rows, float* x, long xStride, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        var units = ((weight.In + TStep.Depth - 1) / TStep.Depth + 7) & ~7;
        var panels = Math.Clamp(BlockBytes / (units * 4 * TileColumns), 1, 8);
        var block = panels * TileColumns;
        var columnBlocks = (weight.Out + block - 1) / block;
        var rowBlocks = (rows + RowBlock - 1) / RowBlock;
        var rowBlock = ((rows + rowBlocks - 1) / rowBlocks + TileRows - 1) / TileRows * TileRows;
        rowBlocks = (rows + rowBlock - 1) / rowBlock;

        // One cache line more than a row needs, so that six rows do not fall on the same cache set.
        var stride = units + 16L;
        var bytes = rows * stride * 4;
        var inputs = (int*)MemoryPool.Rent(bytes);
        var scales = (float*)MemoryPool.Rent(rows * 4L);
        try
        {
            const int Chunk = 16;
            workers.Run((rows + Chunk - 1) / Chunk, piece =>
            {
                for (var r = piece * Chunk; r < Math.Min(rows, (piece + 1) * Chunk); r++)
                {
                    scales[r] = Quantise(x + (r * xStride), weight.In, inputs + (r * stride), units);
                }
            });
            workers.Run(columnBlocks * rowBlocks, piece =>
            {
                var (column, row) = (piece / rowBlocks * block, piece % rowBlocks * rowBlock);
                var job = new Job(weight, column, Math.Min(block, weight.Out - column), row, Math.Min(rowBlock, rows - row), units, inputs, stride, scales);
                Piece(job, bias, activation, residual, residualStride, y, yStride);
            });
        }
        finally
        {
            MemoryPool.Return((nint)inputs, bytes);
            MemoryPool.Return((nint)scales, rows * 4L);
        }
    }

    /// <summary>c[6, 2 vectors] = start + x rows · packed columns; rows beyond <paramref name="valid"/> repeat the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Tile(int units, int* x, long stride, int valid, int* w, int* start, int* c)
    {
        var lanes = TStep.Lanes;
        int* x0 = x, x1 = x + (Math.Min(1, valid - 1) * stride), x2 = x + (Math.Min(2, valid - 1) * stride);
        int* x3 = x + (Math.Min(3, valid - 1) * stride), x4 = x + (Math.Min(4, valid - 1) * stride), x5 = x + (Math.Min(5, valid - 1) * stride);
        TVector a0 = TStep.Load(start), b0 = TStep.Load(start + lanes);
        TVector a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0;
        for (nint u = 0; u < units; u++)
        {
            var w0 = TStep.Load(w);
            var w1 = TStep.Load(w + lanes);
            w += 2 * lanes;
            var v = TStep.Broadcast(x0 + u);
            a0 = TStep.Dot(a0, v, w0);
            b0 = TStep.Dot(b0, v, w1);
            v = TStep.Broadcast(x1 + u);
            a1 = TStep.Dot(a1, v, w0);
            b1 = TStep.Dot(b1, v, w1);
            v = TStep.Broadcast(x2 + u);
            a2 = TStep.Dot(a2, v, w0);
            b2 = TStep.Dot(b2, v, w1);
            v = TStep.Broadcast(x3 + u);
            a3 = TStep.Dot(a3, v, w0);
            b3 = TStep.Dot(b3, v, w1);
            v = TStep.Broadcast(x4 + u);
            a4 = TStep.Dot(a4, v, w0);
            b4 = TStep.Dot(b4, v, w1);
            v = TStep.Broadcast(x5 + u);
            a5 = TStep.Dot(a5, v, w0);
            b5 = TStep.Dot(b5, v, w1);
        }

        Store(c, a0, b0);
        Store(c + (2 * lanes), a1, b1);
        Store(c + (4 * lanes), a2, b2);
        Store(c + (6 * lanes), a3, b3);
        Store(c + (8 * lanes), a4, b4);
        Store(c + (10 * lanes), a5, b5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(int* c, TVector a, TVector b)
    {
        TStep.Store(a, c);
        TStep.Store(b, c + TStep.Lanes);
    }

    private static float Quantise(float* x, int count, int* target, int units) => TStep.Depth == 2
        ? Int8Quantiser.ToShorts(x, count, (short*)target, units * 2)
        : Int8Quantiser.ToBytes(x, count, (sbyte*)target, units * 4, TStep.Offset);

    private static void Piece(in Job job, float* bias, Activation activation, float* residual, long residualStride, float* y, long yStride)
    {
        var panelUnits = (long)job.Units * TileColumns;
        var panels = (job.Columns + TileColumns - 1) / TileColumns;
        var bytes = panels * (panelUnits + TileColumns) * 4;
        var packed = (int*)MemoryPool.Rent(bytes);
        var starts = packed + (panels * panelUnits);
        for (var p = 0; p < panels; p++)
        {
            Int8Pack.Panel<TStep, TVector>(job.Weight, job.Column + (p * TileColumns), TileColumns, job.Units, packed + (p * panelUnits), starts + (p * TileColumns));
        }

        var tile = stackalloc int[TileRows * TileColumns];
        for (var r = 0; r < job.Rows; r += TileRows)
        {
            var valid = Math.Min(TileRows, job.Rows - r);
            var first = job.Row + r;
            for (var p = 0; p < panels; p++)
            {
                Tile(job.Units, job.Inputs + (first * job.Stride), job.Stride, valid, packed + (p * panelUnits), starts + (p * TileColumns), tile);
                var column = job.Column + (p * TileColumns);
                var width = Math.Min(TileColumns, job.Column + job.Columns - column);
                for (var i = 0; i < valid; i++)
                {
                    WeightEpilogue.Scale(
                        tile + (i * TileColumns), width, job.Scales[first + i], job.Weight.Scales + column, bias is null ? null : bias + column, y + ((first + i) * yStride) + column);
                }
            }

            for (var i = 0; i < valid; i++)
            {
                var line = first + i;
                WeightEpilogue.Finish(
                    y + (line * yStride) + job.Column, job.Columns, activation, residual is null ? null : residual + (line * residualStride) + job.Column);
            }
        }

        MemoryPool.Return((nint)packed, bytes);
    }

    private readonly struct Job(Int8Matrix weight, int column, int columns, int row, int rows, int units, int* inputs, long stride, float* scales)
    {
        public readonly Int8Matrix Weight = weight;
        public readonly int Column = column;
        public readonly int Columns = columns;
        public readonly int Row = row;
        public readonly int Rows = rows;
        public readonly int Units = units;
        public readonly int* Inputs = inputs;
        public readonly long Stride = stride;
        public readonly float* Scales = scales;
    }
}
