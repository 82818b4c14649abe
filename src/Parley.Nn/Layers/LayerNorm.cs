using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Normalises the last dimension to mean 0 and variance 1, then scales and shifts it (Ba et al. 2016, arXiv 1607.06450).</summary>
public sealed class LayerNorm
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly float _epsilon;

    /// <summary>Reads <c>weight</c> and <c>bias</c> [dim].</summary>
    public LayerNorm(Weights w, int dim, float epsilon = 1e-5f, bool bias = true)
    {
        ArgumentNullException.ThrowIfNull(w);
        _weight = w.Get("weight", [dim], Init.Ones);
        _bias = bias ? w.Get("bias", [dim], Init.Zeros) : null;
        _epsilon = epsilon;
    }

    /// <summary>Applies the layer to x […, dim].</summary>
    public Tensor Forward(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.LayerNorm(_weight, _bias, _epsilon);
    }
}
