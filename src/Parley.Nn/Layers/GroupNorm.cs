using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Normalises groups of channels over all time (Wu and He 2018, arXiv 1803.08494).</summary>
public sealed class GroupNorm
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly int _groups;
    private readonly float _epsilon;

    /// <summary>Reads <c>weight</c> and <c>bias</c> [channels].</summary>
    public GroupNorm(Weights w, int groups, int channels, float epsilon = 1e-5f)
    {
        ArgumentNullException.ThrowIfNull(w);
        _weight = w.Get("weight", [channels], Init.Ones);
        _bias = w.Get("bias", [channels], Init.Zeros);
        (_groups, _epsilon) = (groups, epsilon);
    }

    /// <summary>Applies the layer to x [batch, channels, time], then the activation.</summary>
    public Tensor Forward(Tensor x, Activation activation = Activation.None)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.GroupNorm(_groups, _weight, _bias, _epsilon, activation);
    }
}
