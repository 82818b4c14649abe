namespace Parley.Tensors;

// Convolutions over [batch, channels, time] and [batch, channels, height, width].
public sealed unsafe partial class Tensor
{
    /// <summary>Cross-correlation of this [batch, in, time] with <paramref name="weight"/> [out, in/groups, kernel], then <paramref name="activation"/>: [batch, out, outTime].</summary>
    public Tensor Conv1d(Tensor weight, Tensor? bias = null, Conv1dOptions? options = null, Activation activation = Activation.None)
    {
        ArgumentNullException.ThrowIfNull(weight);
        var o = options ?? new Conv1dOptions();
        Positive("conv1d", "stride", o.Stride);
        Positive("conv1d", "dilation", o.Dilation);
        NotNegative("conv1d", "padding", Math.Min(o.PadLeft, o.PadRight));
        Ranks("conv1d", this, weight, 3, "[batch, in, time]", "[out, in/groups, kernel]");
        var outputs = weight.Shape[0];
        Channels("conv1d", this, weight, o.Groups, outputs);
        BiasFits("conv1d", bias, outputs);
        var time = ConvolvedSize("conv1d", "time", Shape[2], (long)o.PadLeft + o.PadRight, weight.Shape[2], o.Dilation, o.Stride);
        var backend = CommonOf("conv1d", this, weight, bias);
        if (activation != Activation.None && Autograd.Records([this, weight, bias]))
        {
            return Conv1d(weight, bias, o).Activate(activation);
        }

        return Record("conv1d", backend, [Shape[0], outputs, time], y => backend.Conv1d(this, weight, bias, o, activation, y), [this, weight, bias], Saves.Inputs, (g, _) =>
        [
            NeedsGradient ? Conv1dInput(weight, g, o) : null,
            weight.NeedsGradient ? Compute(backend, weight.Shape, dw => backend.Conv1dWeightGradient(this, g, o, dw)) : null,
            bias is { NeedsGradient: true } ? g.Sum(2).Sum(0) : null,
        ]);
    }

    /// <summary>The adjoint of <see cref="Conv1d"/>: this [batch, in, time] and <paramref name="weight"/> [in, out/groups, kernel] give [batch, out, outTime]; PadLeft and PadRight are cut from the full result.</summary>
    /// <remarks>outTime = (time − 1) stride + (kernel − 1) dilation + 1 − PadLeft − PadRight; a negative PadRight is what others call output padding.</remarks>
    public Tensor ConvTranspose1d(Tensor weight, Tensor? bias = null, Conv1dOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(weight);
        var o = options ?? new Conv1dOptions();
        Positive("conv transpose1d", "stride", o.Stride);
        Positive("conv transpose1d", "dilation", o.Dilation);
        NotNegative("conv transpose1d", "left cut", o.PadLeft);
        Ranks("conv transpose1d", this, weight, 3, "[batch, in, time]", "[in, out/groups, kernel]");
        Positive("conv transpose1d", "groups", o.Groups);
        Positive("conv transpose1d", "kernel", weight.Shape[2]);
        if (weight.Shape[0] != Shape[1] || Shape[1] % o.Groups != 0)
        {
            throw new ShapeException(
                $"conv transpose1d: x {Shape} has {Shape[1]} channels, weight {weight.Shape} takes {weight.Shape[0]} in {o.Groups} groups");
        }

        var outputs = checked(weight.Shape[1] * o.Groups);
        BiasFits("conv transpose1d", bias, outputs);
        var full = Shape[2] == 0 ? 0 : ((Shape[2] - 1L) * o.Stride) + ((weight.Shape[2] - 1L) * o.Dilation) + 1;
        var time = full == 0 ? 0 : full - o.PadLeft - o.PadRight;
        if (time < 0 || time > int.MaxValue)
        {
            throw new ShapeException(
                $"conv transpose1d: ({Shape[2]} − 1)·{o.Stride} + ({weight.Shape[2]} − 1)·{o.Dilation} + 1 − {o.PadLeft} − {o.PadRight} = {time} steps cannot be made; cut less");
        }

        var backend = CommonOf("conv transpose1d", this, weight, bias);
        return Record("conv transpose1d", backend, [Shape[0], outputs, (int)time], y => backend.ConvTranspose1d(this, weight, bias, o, y), [this, weight, bias], Saves.Inputs, (g, _) =>
        {
            // The adjoint again: a convolution of g, of which nothing beyond the last kernel's reach came from here.
            var reached = g.Slice(2, 0, (int)Math.Min(g.Shape[2], full - o.PadLeft));
            var back = o with { PadRight = Math.Max(0, o.PadRight) };
            return
            [
                NeedsGradient ? reached.Conv1d(weight, null, back) : null,
                weight.NeedsGradient ? Compute(backend, weight.Shape, dw => backend.Conv1dWeightGradient(reached, this, back, dw)) : null,
                bias is { NeedsGradient: true } ? g.Sum(2).Sum(0) : null,
            ];
        });
    }

    /// <summary>Cross-correlation of this [batch, in, height, width] with <paramref name="weight"/> [out, in/groups, kernelH, kernelW], then <paramref name="activation"/>: [batch, out, h, w].</summary>
    public Tensor Conv2d(Tensor weight, Tensor? bias = null, Conv2dOptions? options = null, Activation activation = Activation.None)
    {
        ArgumentNullException.ThrowIfNull(weight);
        var o = options ?? new Conv2dOptions();
        Positive("conv2d", "stride", Math.Min(o.StrideHeight, o.StrideWidth));
        Positive("conv2d", "dilation", Math.Min(o.DilationHeight, o.DilationWidth));
        NotNegative("conv2d", "padding", Math.Min(o.PadHeight, o.PadWidth));
        Ranks("conv2d", this, weight, 4, "[batch, in, height, width]", "[out, in/groups, kernelH, kernelW]");
        var outputs = weight.Shape[0];
        Channels("conv2d", this, weight, o.Groups, outputs);
        BiasFits("conv2d", bias, outputs);
        var height = ConvolvedSize("conv2d", "height", Shape[2], 2L * o.PadHeight, weight.Shape[2], o.DilationHeight, o.StrideHeight);
        var width = ConvolvedSize("conv2d", "width", Shape[3], 2L * o.PadWidth, weight.Shape[3], o.DilationWidth, o.StrideWidth);
        var backend = CommonOf("conv2d", this, weight, bias);
        if (activation != Activation.None && Autograd.Records([this, weight, bias]))
        {
            return Conv2d(weight, bias, o).Activate(activation);
        }

        return Record("conv2d", backend, [Shape[0], outputs, height, width], y => backend.Conv2d(this, weight, bias, o, activation, y), [this, weight, bias], Saves.Inputs, (g, _) =>
        [
            NeedsGradient ? Compute(backend, Shape, dx => backend.Conv2dInputGradient(weight, g, o, dx)) : null,
            weight.NeedsGradient ? Compute(backend, weight.Shape, dw => backend.Conv2dWeightGradient(this, g, o, dw)) : null,
            bias is { NeedsGradient: true } ? g.Sum(3).Sum(2).Sum(0) : null,
        ]);
    }

    /// <summary>Gradient of this input [batch, in, time] of a convolution whose result has the gradient g.</summary>
    private Tensor Conv1dInput(Tensor weight, Tensor g, Conv1dOptions o)
    {
        var reach = (weight.Shape[2] - 1) * o.Dilation;
        if (o.Stride == 1 && o.Groups == Shape[1] && o.Groups == weight.Shape[0] && Math.Max(o.PadLeft, o.PadRight) <= reach)
        {
            // One channel to one: the same kind of convolution with the kernel turned round.
            var strides = weight.Strides.ToArray();
            strides[2] = -strides[2];
            var turned = new Tensor(weight.Storage, weight.Offset + ((weight.Shape[2] - 1) * weight.Strides[2]), weight.Shape, strides, Backend);
            return g.Conv1d(turned.Clone(), null, o with { PadLeft = reach - o.PadLeft, PadRight = reach - o.PadRight });
        }

        var full = ((g.Shape[2] - 1) * o.Stride) + reach + 1;
        return g.ConvTranspose1d(weight, null, o with { PadRight = full - o.PadLeft - Shape[2] });
    }

    /// <summary>⌊(size + padding − (kernel − 1) dilation − 1) / stride⌋ + 1, and 0 for an empty input without padding.</summary>
    private static int ConvolvedSize(string operation, string what, int size, long padding, int kernel, int dilation, int stride)
    {
        Positive(operation, "kernel", kernel);
        var room = size + padding - ((kernel - 1L) * dilation) - 1;
        if (size == 0 && padding == 0)
        {
            return 0;
        }

        var result = room < 0 ? -1 : (room / stride) + 1;
        return result is >= 0 and <= int.MaxValue
            ? (int)result
            : throw new ShapeException(
                $"{operation}: {what} {size} + padding {padding} is shorter than the kernel's reach ({kernel} − 1)·{dilation} + 1; pad by {-room} more");
    }

    private static void Channels(string operation, Tensor x, Tensor weight, int groups, int outputs)
    {
        Positive(operation, "groups", groups);
        if ((long)weight.Shape[1] * groups != x.Shape[1] || outputs % groups != 0)
        {
            throw new ShapeException(
                $"{operation}: x {x.Shape} has {x.Shape[1]} channels, weight {weight.Shape} takes {weight.Shape[1]} in each of {groups} groups and gives {outputs}");
        }
    }

    private static void Ranks(string operation, Tensor x, Tensor weight, int rank, string xIs, string weightIs)
    {
        if (x.Shape.Rank != rank || weight.Shape.Rank != rank)
        {
            throw new ShapeException($"{operation}: wants x {xIs} and weight {weightIs}, got {x.Shape} and {weight.Shape}");
        }
    }

    private static void BiasFits(string operation, Tensor? bias, int outputs)
    {
        if (bias is not null && (bias.Shape.Rank != 1 || bias.Shape[0] != outputs))
        {
            throw new ShapeException($"{operation}: bias {bias.Shape} does not fit {outputs} output channels");
        }
    }

    private static void Positive(string operation, string what, int value)
    {
        if (value < 1)
        {
            throw new ShapeException($"{operation}: {what} must be at least 1, got {value}");
        }
    }

    private static void NotNegative(string operation, string what, int value)
    {
        if (value < 0)
        {
            throw new ShapeException($"{operation}: {what} must not be negative, got {value}");
        }
    }

    private static Backend CommonOf(string operation, Tensor x, Tensor weight, Tensor? bias)
    {
        var backend = Common(operation, x, weight);
        return bias is null ? backend : Common(operation, x, bias);
    }
}
