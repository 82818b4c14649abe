using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors;

/// <summary>A convolution as a matrix product: rows are output channels, steps are (channel, tap row, tap column), columns are output positions.</summary>
internal sealed unsafe class ConvPlan
{
    private const int LineFloats = 16;

    /// <summary>Input address.</summary>
    internal float* X { get; init; }

    /// <summary>Input steps in floats: batch, channel, row, column.</summary>
    internal (long Batch, long Channel, long Row, long Column) Step { get; init; }

    /// <summary>Input height and width.</summary>
    internal (int Height, int Width) Size { get; init; }

    /// <summary>Batch entries.</summary>
    internal int Batch { get; init; }

    /// <summary>Groups.</summary>
    internal int Groups { get; init; }

    /// <summary>Input channels a group.</summary>
    internal int Channels { get; init; }

    /// <summary>Output rows a group.</summary>
    internal int Rows { get; init; }

    /// <summary>Kernel height and width.</summary>
    internal (int Height, int Width) Kernel { get; init; }

    /// <summary>Input steps per output step.</summary>
    internal (int Height, int Width) Stride { get; init; }

    /// <summary>Input steps per tap.</summary>
    internal (int Height, int Width) Dilation { get; init; }

    /// <summary>Zeros above and to the left; negative: input skipped.</summary>
    internal (int Top, int Left) Pad { get; init; }

    /// <summary>Output height and width.</summary>
    internal (int Height, int Width) Out { get; init; }

    /// <summary>Steps of the product.</summary>
    internal int Depth => Channels * Kernel.Height * Kernel.Width;

    /// <summary>Columns of the product.</summary>
    internal int Columns => checked(Out.Height * Out.Width);

    /// <summary>
    /// Writes steps <paramref name="from"/> up to <paramref name="to"/> of columns <paramref name="first"/> up to <paramref name="last"/> as panels
    /// [panel][step][tile column], zeros where there is no input.
    /// </summary>
    internal void Pack(int batch, int group, int from, int to, int first, int last, float* target)
    {
        var wide = TileKernel.Columns;
        var taps = Kernel.Height * Kernel.Width;
        var x = X + (batch * Step.Batch) + (group * (long)Channels * Step.Channel);
        var panel = (long)(to - from) * wide;
        for (var step = from; step < to; step++)
        {
            var (channel, tap) = (step / taps, step % taps);
            var plane = x + (channel * Step.Channel);
            var down = ((long)(tap / Kernel.Width) * Dilation.Height) - Pad.Top;
            var right = ((long)(tap % Kernel.Width) * Dilation.Width) - Pad.Left;
            var into = target + ((long)(step - from) * wide);
            if (tap == 0 && Out.Height == 1)
            {
                // The same positions of the next channel are far away: no processor guesses that they come next.
                var ahead = plane + Step.Channel + ((((long)first * Stride.Width) + right) * Step.Column);
                for (var i = 0L; i < (long)(last - first) * Stride.Width; i += LineFloats)
                {
                    Prefetch.At(ahead + i);
                }
            }

            for (var column = first; column < last; column += wide, into += panel)
            {
                PackRow(plane, down, right, column, Math.Min(wide, last - column), into);
            }
        }
    }

    private void PackRow(float* plane, long down, long right, int column, int count, float* into)
    {
        var wide = TileKernel.Columns;
        var done = 0;
        while (done < count)
        {
            var (row, start) = Out.Height == 1 ? (0, column + done) : Math.DivRem(column + done, Out.Width);
            var run = Math.Min(count - done, Out.Width - start);
            var (y, left) = (((long)row * Stride.Height) + down, ((long)start * Stride.Width) + right);
            if (run == wide && y >= 0 && y < Size.Height && left >= 0 && left + ((wide - 1L) * Stride.Width) < Size.Width)
            {
                CopyInner(plane + (y * Step.Row) + (left * Step.Column), Stride.Width * Step.Column, into);
                return;
            }

            if (y < 0 || y >= Size.Height)
            {
                new Span<float>(into + done, run).Clear();
            }
            else
            {
                CopyRun(plane + (y * Step.Row), left, run, into + done);
            }

            done += run;
        }

        if (count < wide)
        {
            new Span<float>(into + count, wide - count).Clear();
        }
    }

    /// <summary>A whole panel row that touches no padding.</summary>
    private static void CopyInner(float* source, long step, float* into)
    {
        if (step == 1)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                Vector512.Load(source).Store(into);
                Vector512.Load(source + 16).Store(into + 16);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                Vector256.Load(source).Store(into);
                Vector256.Load(source + 8).Store(into + 8);
            }
            else
            {
                Vector128.Load(source).Store(into);
                Vector128.Load(source + 4).Store(into + 4);
            }

            return;
        }

        if (step == 2 && Vector512.IsHardwareAccelerated && Avx512F.IsSupported)
        {
            // Values 0, 2 … 14 of one vector and, so as not to read past the last value, 1, 3 … 15 of one that begins 15 further.
            var every = Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
            Avx512F.PermuteVar16x32x2(Vector512.Load(source), every, Vector512.Load(source + 15)).Store(into);
            Avx512F.PermuteVar16x32x2(Vector512.Load(source + 32), every, Vector512.Load(source + 47)).Store(into + 16);
            return;
        }

        if (step == 2)
        {
            EverySecond.Read(source, step, into, TileKernel.Columns);
            return;
        }

        for (var i = 0; i < TileKernel.Columns; i += 4, source += 4 * step)
        {
            var (a, b, c, d) = (source[0], source[step], source[2 * step], source[3 * step]);
            (into[i], into[i + 1], into[i + 2], into[i + 3]) = (a, b, c, d);
        }
    }

    private void CopyRun(float* row, long left, int run, float* into)
    {
        var (stride, width) = (Stride.Width, Size.Width);

        // Outputs [low, high) of the run lie on input; the rest on padding.
        var low = (int)Math.Clamp(left >= 0 ? 0 : (-left + stride - 1) / stride, 0, run);
        var high = left >= width ? low : (int)Math.Clamp(((width - 1 - left) / stride) + 1, low, run);
        if (low > 0)
        {
            new Span<float>(into, low).Clear();
        }

        if (high < run)
        {
            new Span<float>(into + high, run - high).Clear();
        }

        if (high <= low)
        {
            return;
        }

        var source = row + ((left + ((long)low * stride)) * Step.Column);
        var step = stride * Step.Column;
        EverySecond.Read(source, step, into + low, high - low);
    }
}
