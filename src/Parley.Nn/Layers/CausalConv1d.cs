using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Convolution over time that hears nothing to come: output t ends with input (t + 1) · stride − 1, and before the first input there are zeros.</summary>
public sealed class CausalConv1d
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly int _inChannels;
    private readonly int _stride;
    private readonly int _groups;
    private readonly int _past;

    /// <summary>Reads <c>weight</c> [outChannels, inChannels/groups, kernel] and <c>bias</c> [outChannels].</summary>
    public CausalConv1d(Weights w, int inChannels, int outChannels, int kernel, int stride = 1, int groups = 1, bool bias = true)
    {
        ArgumentNullException.ThrowIfNull(w);
        if (stride < 1 || kernel < stride)
        {
            throw new ArgumentException($"causal conv1d: a kernel of {kernel} leaves out inputs at a stride of {stride}");
        }

        var fanIn = inChannels / groups * kernel;
        _weight = w.Get("weight", [outChannels, inChannels / groups, kernel], Init.KaimingUniform(fanIn));
        _bias = bias ? w.Get("bias", [outChannels], Init.KaimingUniform(fanIn)) : null;
        (_inChannels, _stride, _groups, _past) = (inChannels, stride, groups, kernel - stride);
    }

    /// <summary>The state of new streams.</summary>
    public ConvState NewState(int batch = 1) => new(batch, _inChannels, _past, _weight.Backend);

    /// <summary>Applies the layer to a whole signal, or to the next piece of one.</summary>
    /// <param name="x">[batch, inChannels, time]; time is a multiple of the stride where there is a state.</param>
    /// <param name="state">What came before; null: nothing.</param>
    /// <param name="activation">Applied to the result.</param>
    /// <returns>[batch, outChannels, time / stride].</returns>
    public Tensor Forward(Tensor x, ConvState? state = null, Activation activation = Activation.None)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (state is null)
        {
            return x.Conv1d(_weight, _bias, new Conv1dOptions(_stride, PadLeft: _past, Groups: _groups), activation);
        }

        if (x.Shape.Rank != 3 || x.Shape[2] % _stride != 0)
        {
            throw new ShapeException($"causal conv1d: a piece of a stream must be [batch, {_inChannels}, a multiple of {_stride}], got {x.Shape}");
        }

        if (state.Past is { } past)
        {
            x = Tensor.Concat(2, past, x);
            past.CopyFrom(x.Slice(2, x.Shape[2] - _past, x.Shape[2]));
        }

        return x.Conv1d(_weight, _bias, new Conv1dOptions(_stride, Groups: _groups), activation);
    }
}
