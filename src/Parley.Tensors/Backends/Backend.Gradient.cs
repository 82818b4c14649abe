namespace Parley.Tensors;

public abstract partial class Backend
{
    /// <summary>Whether the derivative of a function is computed from its result, not from its input.</summary>
    internal static bool DerivesFromResult(UnaryOp op) => op is UnaryOp.Exp or UnaryOp.Sqrt or UnaryOp.Tanh or UnaryOp.Sigmoid or UnaryOp.Relu;

    /// <summary>dx = g · op′, with op′ from <paramref name="saved"/>: the function's result where <see cref="DerivesFromResult"/>, else its input.</summary>
    internal abstract void UnaryGradient(UnaryOp op, Tensor saved, Tensor g, Tensor dx);

    /// <summary>dx of a softmax over the last dimension whose result (or the logarithm of it) is y.</summary>
    internal abstract void SoftmaxGradient(Tensor y, bool logarithm, Tensor g, Tensor dx);

    /// <summary>dx, dw [dim] and db [dim] of a layer norm over the last dimension of x; weight may be null.</summary>
    internal abstract void LayerNormGradient(Tensor x, Tensor? weight, float epsilon, Tensor g, Tensor dx, Tensor dw, Tensor db);

    /// <summary>dx and dw [dim] of an RMS norm over the last dimension of x.</summary>
    internal abstract void RmsNormGradient(Tensor x, Tensor weight, float epsilon, Tensor g, Tensor dx, Tensor dw);

    /// <summary>table[ids[i]] += g[i], from zero: the gradient of <see cref="Gather"/>; rows are added in the order of the ids.</summary>
    internal abstract void ScatterAdd(Tensor g, ReadOnlySpan<int> ids, Tensor table);

    /// <summary>y = x mask / (1 − p), where each element is kept with probability 1 − p by <see cref="DropoutMask"/>.</summary>
    internal abstract void Dropout(Tensor x, float p, ulong seed, Tensor y);

    /// <summary>dw[out, in/groups, kernel] of a convolution of x[batch, in, time] whose result has the gradient g[batch, out, outTime].</summary>
    internal abstract void Conv1dWeightGradient(Tensor x, Tensor g, Conv1dOptions options, Tensor dw);

    /// <summary>dw[out, in/groups, kernelH, kernelW] of a two-dimensional convolution.</summary>
    internal abstract void Conv2dWeightGradient(Tensor x, Tensor g, Conv2dOptions options, Tensor dw);

    /// <summary>dx[batch, in, height, width] of a two-dimensional convolution with weight[out, in/groups, kernelH, kernelW].</summary>
    internal abstract void Conv2dInputGradient(Tensor weight, Tensor g, Conv2dOptions options, Tensor dx);
}
