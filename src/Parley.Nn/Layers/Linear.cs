using Parley.Tensors;

namespace Parley.Nn;

/// <summary>y = activation(x Wᵀ + b); the weight is held in whichever precision was chosen at load.</summary>
public sealed class Linear
{
    private readonly WeightMatrix _weight;
    private readonly Tensor? _bias;

    /// <summary>Reads <c>weight</c> [outFeatures, inFeatures] and <c>bias</c> [outFeatures].</summary>
    public Linear(Weights w, int inFeatures, int outFeatures, bool bias = true)
    {
        ArgumentNullException.ThrowIfNull(w);
        _weight = w.Matrix("weight", outFeatures, inFeatures, Init.KaimingUniform(inFeatures));
        _bias = bias ? w.Get("bias", [outFeatures], Init.KaimingUniform(inFeatures)) : null;
    }

    /// <summary>How the weight is stored.</summary>
    public WeightFormat Format => _weight.Format;

    /// <summary>Applies the layer.</summary>
    /// <param name="x">[…, inFeatures].</param>
    /// <param name="activation">Applied to the result before the residual is added.</param>
    /// <param name="residual">[…, outFeatures], added last; null: none.</param>
    /// <returns>[…, outFeatures].</returns>
    public Tensor Forward(Tensor x, Activation activation = Activation.None, Tensor? residual = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Linear(_weight, _bias, activation, residual);
    }
}
