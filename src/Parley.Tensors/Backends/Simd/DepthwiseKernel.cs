using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Convolution of every channel by itself, straight from padded rows: too little work a channel for a matrix product.</summary>
internal static unsafe class DepthwiseKernel
{
    /// <summary>Whether few enough outputs share an input channel for this form to pay.</summary>
    internal static bool Suits(ConvPlan plan) => plan.Rows <= 2;

    /// <summary>y[batch, groups·rows, out] from weights [groups·rows, kernel].</summary>
    internal static void Run(Workers workers, ConvPlan plan, float* weights, float* bias, Activation activation, float* y)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Run<Lanes512>(workers, plan, weights, bias, activation, y);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Run<Lanes256>(workers, plan, weights, bias, activation, y);
        }
        else
        {
            Run<Lanes128>(workers, plan, weights, bias, activation, y);
        }
    }

    private static void Run<T>(Workers workers, ConvPlan plan, float* weights, float* bias, Activation activation, float* y)
        where T : struct, ILanes<T>
    {
        // Rows are stored padded and split by stride phase, so that neighbouring outputs always read neighbouring floats.
        var span = ((plan.Out.Width - 1L) * plan.Stride.Width) + ((plan.Kernel.Width - 1L) * plan.Dilation.Width) + 1;
        var phase = ((span + plan.Stride.Width - 1) / plan.Stride.Width) + (4 * T.Count);
        var rowFloats = phase * plan.Stride.Width;
        var bytes = rowFloats * plan.Size.Height * sizeof(float);
        workers.Run(checked(plan.Batch * plan.Groups), piece =>
        {
            var (batch, group) = Math.DivRem(piece, plan.Groups);
            var rows = (float*)MemoryPool.Rent(Math.Max(bytes, sizeof(float)));
            new Span<byte>(rows, checked((int)bytes)).Clear();
            for (var h = 0; h < plan.Size.Height; h++)
            {
                PadRow(plan, plan.X + (batch * plan.Step.Batch) + (group * plan.Step.Channel) + (h * plan.Step.Row), rows + (h * rowFloats), phase, span);
            }

            for (var r = 0; r < plan.Rows; r++)
            {
                var channel = ((long)group * plan.Rows) + r;
                var target = y + ((((long)batch * plan.Groups * plan.Rows) + channel) * plan.Columns);
                for (var h = 0; h < plan.Out.Height; h++)
                {
                    Row<T>(plan, rows, rowFloats, phase, weights + (channel * plan.Depth), bias is null ? 0 : bias[channel], h, target + ((long)h * plan.Out.Width));
                }

                ActivationKernel.Apply(activation, target, plan.Columns);
            }

            MemoryPool.Return((nint)rows, Math.Max(bytes, sizeof(float)));
        });
    }

    private static void PadRow(ConvPlan plan, float* source, float* target, long phase, long span)
    {
        var end = Math.Min(plan.Size.Width, span - plan.Pad.Left);
        if (plan.Stride.Width == 1 && plan.Step.Column == 1 && plan.Pad.Left >= 0)
        {
            new ReadOnlySpan<float>(source, (int)Math.Max(0, end)).CopyTo(new Span<float>(target + plan.Pad.Left, (int)Math.Max(0, end)));
            return;
        }

        var stride = plan.Stride.Width;
        for (var part = 0; part < stride; part++)
        {
            // Padded position at·stride + part is input position at·stride + part − pad.
            var first = part - (long)plan.Pad.Left;
            var at = first >= 0 ? 0 : (-first + stride - 1) / stride;
            var from = first + (at * stride);
            if (from < end)
            {
                EverySecond.Read(source + (from * plan.Step.Column), stride * plan.Step.Column, target + (part * phase) + at, ((end - from - 1) / stride) + 1);
            }
        }
    }

    private static void Row<T>(ConvPlan plan, float* rows, long rowFloats, long phase, float* weights, float bias, int h, float* target)
        where T : struct, ILanes<T>
    {
        var wide = T.Count;
        var tile = stackalloc float[4 * 16];
        for (var w = 0; w < plan.Out.Width; w += 4 * wide)
        {
            var a = T.Of(bias);
            var (b, c, d) = (a, a, a);
            for (var kh = 0; kh < plan.Kernel.Height; kh++)
            {
                var row = ((long)h * plan.Stride.Height) + ((long)kh * plan.Dilation.Height) - plan.Pad.Top;
                if (row < 0 || row >= plan.Size.Height)
                {
                    continue;
                }

                var source = rows + (row * rowFloats) + w;
                var taps = weights + ((long)kh * plan.Kernel.Width);
                var (offset, part) = (0L, 0L);
                for (var kw = 0; kw < plan.Kernel.Width; kw++)
                {
                    var from = source + (part * phase) + offset;
                    var tap = T.Of(taps[kw]);
                    a = T.MultiplyAdd(tap, T.Load(from), a);
                    b = T.MultiplyAdd(tap, T.Load(from + wide), b);
                    c = T.MultiplyAdd(tap, T.Load(from + (2 * wide)), c);
                    d = T.MultiplyAdd(tap, T.Load(from + (3 * wide)), d);
                    part += plan.Dilation.Width;
                    while (part >= plan.Stride.Width)
                    {
                        part -= plan.Stride.Width;
                        offset++;
                    }
                }
            }

            var left = plan.Out.Width - w;
            var into = left >= 4 * wide ? target + w : tile;
            a.Store(into);
            b.Store(into + wide);
            c.Store(into + (2 * wide));
            d.Store(into + (3 * wide));
            if (left < 4 * wide)
            {
                new ReadOnlySpan<float>(tile, left).CopyTo(new Span<float>(target + w, left));
            }
        }
    }
}
