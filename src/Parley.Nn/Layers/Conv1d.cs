using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Convolution over time.</summary>
public sealed class Conv1d
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly Conv1dOptions _options;

    /// <summary>Reads <c>weight</c> [outChannels, inChannels/groups, kernel] and <c>bias</c> [outChannels].</summary>
    public Conv1d(Weights w, int inChannels, int outChannels, int kernel, int stride = 1, int padding = 0, int dilation = 1, int groups = 1, bool bias = true)
        : this(w, inChannels, outChannels, kernel, new Conv1dOptions(stride, padding, padding, dilation, groups), bias)
    {
    }

    /// <summary>The same with padding that differs by side.</summary>
    public Conv1d(Weights w, int inChannels, int outChannels, int kernel, Conv1dOptions options, bool bias = true)
    {
        ArgumentNullException.ThrowIfNull(w);
        var fanIn = inChannels / options.Groups * kernel;
        _weight = w.Get("weight", [outChannels, inChannels / options.Groups, kernel], Init.KaimingUniform(fanIn));
        _bias = bias ? w.Get("bias", [outChannels], Init.KaimingUniform(fanIn)) : null;
        _options = options;
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">[batch, inChannels, time].</param>
    /// <param name="activation">Applied to the result.</param>
    /// <returns>[batch, outChannels, outTime].</returns>
    public Tensor Forward(Tensor x, Activation activation = Activation.None)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Conv1d(_weight, _bias, _options, activation);
    }
}
