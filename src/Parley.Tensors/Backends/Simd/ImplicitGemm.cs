namespace Parley.Tensors;

/// <summary>Convolution as a blocked matrix product whose right side is packed from the input as it is needed: the unfolded input never exists.</summary>
/// <remarks>Blocking as in Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication"; implicit unfolding as in cuDNN, arXiv 1410.0759, §3.</remarks>
internal static unsafe class ImplicitGemm
{
    private const int DepthBlock = 256;
    private const int ColumnBlock = 192;
    private const int RowBlock = 120;
    private const long ShallowFloats = 4 << 10;

    /// <summary>Receives one finished block: batch, group, first row, rows, first column, columns, values and their row stride.</summary>
    internal delegate void Sink(int batch, int group, int row, int rows, int column, int columns, float* values, long stride);

    /// <summary>Floats that <see cref="PackTail"/> writes for one group.</summary>
    internal static long TailLength(int rows, int depth) => rows % TileKernel.Rows == 0 ? 0 : (long)TileKernel.Rows * depth;

    /// <summary>Copies the last rows of a group's weights [rows, depth], which fill no tile, into a panel [step][tile row]; what does not exist is zero.</summary>
    internal static void PackTail(float* weights, int rows, int depth, float* target)
    {
        var tall = TileKernel.Rows;
        var over = rows % tall;
        if (over > 0)
        {
            Packing.Pack(weights + ((long)(rows - over) * depth), depth, 1, over, tall, depth, target);
        }
    }

    /// <summary>Runs the product; <paramref name="y"/> null: every block goes to <paramref name="sink"/>, else it is stored there first, [batch, groups·rows, columns].</summary>
    /// <remarks>Weights [groups, rows, depth] are read where they lie, but for each group's tail.</remarks>
    internal static void Run(Workers workers, ConvPlan plan, float* weights, float* tails, float* bias, Activation activation, float* y, Sink? sink)
    {
        var (tall, columns) = (TileKernel.Rows, plan.Columns);
        var columnBlocks = (columns + ColumnBlock - 1) / ColumnBlock;
        var jobs = (long)plan.Batch * plan.Groups * columnBlocks;
        var wanted = 4 * workers.Threads;
        var split = jobs >= wanted ? 1 : (int)Math.Min((wanted + jobs - 1) / jobs, Math.Max(1, plan.Rows / (4 * tall)));
        var height = RoundUp((plan.Rows + split - 1) / split, tall);
        split = (plan.Rows + height - 1) / height;
        workers.Run(checked((int)(jobs * split)), piece =>
        {
            var (rest, block) = Math.DivRem(piece, columnBlocks);
            (rest, var part) = Math.DivRem(rest, split);
            var (batch, group) = Math.DivRem(rest, plan.Groups);
            var (first, row) = (block * ColumnBlock, part * height);
            var (count, rows) = (Math.Min(ColumnBlock, columns - first), Math.Min(height, plan.Rows - row));
            Piece(plan, weights + (group * (long)plan.Rows * plan.Depth), tails + (group * TailLength(plan.Rows, plan.Depth)), bias, activation, y, sink, (batch, group, row, rows, first, count));
        });
    }

    private static void Piece(
        ConvPlan plan, float* weights, float* tail, float* bias, Activation activation, float* y, Sink? sink, (int Batch, int Group, int Row, int Rows, int Column, int Columns) at)
    {
        var (tall, wide) = (TileKernel.Rows, TileKernel.Columns);
        var panels = (at.Columns + wide - 1) / wide;
        var depthBlock = Math.Min(DepthBlock, plan.Depth);
        var panelFloats = (long)depthBlock * panels * wide;
        var bytes = (panelFloats + (y is null ? (long)at.Rows * at.Columns : 0)) * sizeof(float);
        var scratch = (float*)MemoryPool.Rent(Math.Max(bytes, sizeof(float)));
        var channel = ((((long)at.Batch * plan.Groups) + at.Group) * plan.Rows) + at.Row;
        var target = y is null ? scratch + panelFloats : y + (channel * plan.Columns) + at.Column;
        var stride = y is null ? at.Columns : (long)plan.Columns;

        // Where a few steps are all, a row of tiles begins and ends in the first-level cache.
        var rowBlock = panelFloats <= ShallowFloats ? tall : RowBlock;
        // Once at least: without a step the bias is all there is.
        for (var from = 0; from == 0 || from < plan.Depth; from += DepthBlock)
        {
            var steps = Math.Min(DepthBlock, plan.Depth - from);
            plan.Pack(at.Batch, at.Group, from, from + steps, at.Column, at.Column + at.Columns, scratch);
            for (var top = 0; top < at.Rows; top += rowBlock)
            {
                var bottom = Math.Min(top + rowBlock, at.Rows);
                for (var r = top; r < bottom && from == 0; r++)
                {
                    new Span<float>(target + (r * stride), at.Columns).Fill(bias is null ? 0 : bias[((long)at.Group * plan.Rows) + at.Row + r]);
                }

                for (var panel = 0; panel < panels; panel++)
                {
                    var b = scratch + ((long)panel * steps * wide);
                    var c = target + ((long)panel * wide);
                    var present = Math.Min(wide, at.Columns - (panel * wide));
                    for (var row = top; row < bottom; row += tall)
                    {
                        var several = Math.Min(tall, bottom - row);
                        var a = several == tall ? weights + ((long)(at.Row + row) * plan.Depth) + from : tail + ((long)from * tall);
                        var (aRow, aStep) = several == tall ? (plan.Depth, 1) : (1, tall);
                        Prefetch.Rows(c + (row * stride), stride, several);
                        TileKernel.RunEdge(steps, a, aRow, aStep, b, wide, c + (row * stride), stride, add: true, several, present);
                    }
                }

                for (var r = top; r < bottom && from + steps == plan.Depth; r++)
                {
                    ActivationKernel.Apply(activation, target + (r * stride), at.Columns);
                }
            }
        }

        sink?.Invoke(at.Batch, at.Group, at.Row, at.Rows, at.Column, at.Columns, target, stride);
        MemoryPool.Return((nint)scratch, Math.Max(bytes, sizeof(float)));
    }

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
