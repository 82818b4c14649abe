namespace Parley.Tensors;

/// <summary>How a one-dimensional convolution walks over its input.</summary>
/// <param name="Stride">Input steps per output step.</param>
/// <param name="PadLeft">Zeros before the input.</param>
/// <param name="PadRight">Zeros after the input.</param>
/// <param name="Dilation">Input steps between kernel taps.</param>
/// <param name="Groups">Channel groups that do not see each other.</param>
public readonly record struct Conv1dOptions(int Stride = 1, int PadLeft = 0, int PadRight = 0, int Dilation = 1, int Groups = 1)
{
    /// <summary>Stride 1, no padding, no dilation, one group.</summary>
    public Conv1dOptions()
        : this(1, 0, 0, 1, 1)
    {
    }
}

/// <summary>How a two-dimensional convolution walks over its input; height first.</summary>
/// <param name="StrideHeight">Rows per output row.</param>
/// <param name="StrideWidth">Columns per output column.</param>
/// <param name="PadHeight">Zero rows above and below.</param>
/// <param name="PadWidth">Zero columns on both sides.</param>
/// <param name="DilationHeight">Rows between taps.</param>
/// <param name="DilationWidth">Columns between taps.</param>
/// <param name="Groups">Channel groups that do not see each other.</param>
public readonly record struct Conv2dOptions(
    int StrideHeight = 1, int StrideWidth = 1, int PadHeight = 0, int PadWidth = 0, int DilationHeight = 1, int DilationWidth = 1, int Groups = 1)
{
    /// <summary>Stride 1, no padding, no dilation, one group.</summary>
    public Conv2dOptions()
        : this(1, 1, 0, 0, 1, 1, 1)
    {
    }
}

public abstract partial class Backend
{
    /// <summary>y[batch, out, outTime] = activation(x[batch, in, time] ⋆ weight[out, in/groups, kernel] + bias[out]).</summary>
    internal abstract void Conv1d(Tensor x, Tensor weight, Tensor? bias, Conv1dOptions options, Activation activation, Tensor y);

    /// <summary>y[batch, out, outTime] from x[batch, in, time] and weight[in, out/groups, kernel]; PadLeft and PadRight are cut from the full result.</summary>
    internal abstract void ConvTranspose1d(Tensor x, Tensor weight, Tensor? bias, Conv1dOptions options, Tensor y);

    /// <summary>y[batch, out, h, w] from x[batch, in, height, width] and weight[out, in/groups, kernelH, kernelW].</summary>
    internal abstract void Conv2d(Tensor x, Tensor weight, Tensor? bias, Conv2dOptions options, Activation activation, Tensor y);
}
