using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Convolution over two dimensions with a square kernel.</summary>
public sealed class Conv2d
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly Conv2dOptions _options;

    /// <summary>Reads <c>weight</c> [outChannels, inChannels/groups, kernel, kernel] and <c>bias</c> [outChannels].</summary>
    public Conv2d(Weights w, int inChannels, int outChannels, int kernel, int stride = 1, int padding = 0, int groups = 1, bool bias = true)
    {
        ArgumentNullException.ThrowIfNull(w);
        var fanIn = inChannels / groups * kernel * kernel;
        _weight = w.Get("weight", [outChannels, inChannels / groups, kernel, kernel], Init.KaimingUniform(fanIn));
        _bias = bias ? w.Get("bias", [outChannels], Init.KaimingUniform(fanIn)) : null;
        _options = new Conv2dOptions(stride, stride, padding, padding, Groups: groups);
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">[batch, inChannels, height, width].</param>
    /// <param name="activation">Applied to the result.</param>
    /// <returns>[batch, outChannels, outHeight, outWidth].</returns>
    public Tensor Forward(Tensor x, Activation activation = Activation.None)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Conv2d(_weight, _bias, _options, activation);
    }
}
