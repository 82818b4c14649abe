namespace Parley.Tensors;

/// <summary>Convolution with a long kernel of stride 1, such as a positional one: tap t of a tile's columns is the input t further, so the tile reads the input where it lies.</summary>
internal static unsafe class SlidingConv
{
    private const int ColumnBlock = 512;
    private const int LeastTaps = 16;

    internal static bool Suits(ConvPlan plan) =>
        plan.Kernel.Height == 1 && plan.Kernel.Width >= LeastTaps && plan.Stride.Width == 1 && plan.Dilation.Width == 1 && plan.Step.Column == 1 && plan.Out.Height == 1
        && plan.Columns >= TileKernel.Columns && plan.Rows >= TileKernel.Rows;

    internal static void Run(Workers workers, ConvPlan plan, float* weights, float* bias, Activation activation, float* y)
    {
        var blocks = (plan.Columns + ColumnBlock - 1) / ColumnBlock;
        workers.Run(checked(plan.Batch * plan.Groups * blocks), piece =>
        {
            var (rest, block) = Math.DivRem(piece, blocks);
            var (batch, group) = Math.DivRem(rest, plan.Groups);
            var first = block * ColumnBlock;
            Piece(plan, batch, group, first, Math.Min(ColumnBlock, plan.Columns - first), weights, bias, activation, y);
        });
    }

    private static void Piece(ConvPlan plan, int batch, int group, int first, int columns, float* weights, float* bias, Activation activation, float* y)
    {
        var (tall, wide, taps) = (TileKernel.Rows, TileKernel.Columns, plan.Kernel.Width);
        var line = ((columns + wide - 1) / wide * wide) + (long)taps;
        var inputBytes = plan.Channels * line * sizeof(float);
        var packedBytes = (long)plan.Depth * tall * sizeof(float);
        var input = (float*)MemoryPool.Rent(inputBytes);
        var packed = (float*)MemoryPool.Rent(packedBytes);
        for (var channel = 0; channel < plan.Channels; channel++)
        {
            Padded(plan, batch, (group * plan.Channels) + channel, first, line, input + (channel * line));
        }

        for (var row = 0; row < plan.Rows; row += tall)
        {
            var rows = Math.Min(tall, plan.Rows - row);
            var top = ((long)group * plan.Rows) + row;
            for (var channel = 0; channel < plan.Channels; channel++)
            {
                var source = weights + (top * plan.Depth) + ((long)channel * taps);
                Packing.Pack(source, plan.Depth, 1, rows, tall, taps, packed + ((long)channel * taps * tall));
            }

            var target = y + (((((long)batch * plan.Groups * plan.Rows) + top) * plan.Columns) + first);
            for (var r = 0; r < rows; r++)
            {
                new Span<float>(target + ((long)r * plan.Columns), columns).Fill(bias is null ? 0 : bias[top + r]);
            }

            for (var column = 0; column < columns; column += wide)
            {
                for (var channel = 0; channel < plan.Channels; channel++)
                {
                    TileKernel.RunEdge(
                        taps, packed + ((long)channel * taps * tall), 1, tall, input + (channel * line) + column, 1, target + column, plan.Columns, add: true, rows, Math.Min(wide, columns - column));
                }
            }

            for (var r = 0; r < rows; r++)
            {
                ActivationKernel.Apply(activation, target + ((long)r * plan.Columns), columns);
            }
        }

        MemoryPool.Return((nint)packed, packedBytes);
        MemoryPool.Return((nint)input, inputBytes);
    }

    // Positions first − padding on of one channel, zeros where there is no input.
    private static void Padded(ConvPlan plan, int batch, int channel, int first, long count, float* into)
    {
        var source = plan.X + (batch * plan.Step.Batch) + (channel * plan.Step.Channel);
        var start = (long)first - plan.Pad.Left;
        var low = Math.Clamp(-start, 0, count);
        var high = Math.Clamp(plan.Size.Width - start, low, count);
        new Span<float>(into, (int)low).Clear();
        new ReadOnlySpan<float>(source + start + low, (int)(high - low)).CopyTo(new Span<float>(into + low, (int)(high - low)));
        new Span<float>(into + high, (int)(count - high)).Clear();
    }
}
