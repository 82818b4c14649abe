using Parley.Tensors;

namespace Parley.Nn;

/// <summary>y = activation(x W + b) with the weight stored [inFeatures, outFeatures], as OpenAI's checkpoints of GPT have it ("Conv1D").</summary>
/// <remarks>Trained, the weight stays as it is stored, so that what is saved is what was loaded; otherwise it is turned once and held in the precision chosen at load.</remarks>
public sealed class TransposedLinear
{
    private readonly WeightMatrix? _matrix;
    private readonly Tensor? _weight;
    private readonly Tensor _bias;

    /// <summary>Reads <c>weight</c> [inFeatures, outFeatures] and <c>bias</c> [outFeatures].</summary>
    /// <param name="w">Where the parameters are.</param>
    /// <param name="inFeatures">Width of the input.</param>
    /// <param name="outFeatures">Width of the result.</param>
    /// <param name="deviation">Of the weight's starting values, which are normal around 0.</param>
    public TransposedLinear(Weights w, int inFeatures, int outFeatures, float deviation = 0.02f)
    {
        ArgumentNullException.ThrowIfNull(w);
        (_matrix, _weight) = w.Transposed("weight", outFeatures, inFeatures, Init.Normal(deviation));
        _bias = w.Get("bias", [outFeatures]);
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">[…, inFeatures].</param>
    /// <param name="activation">Applied to the result before the residual is added.</param>
    /// <param name="residual">[…, outFeatures], added last; null: none.</param>
    /// <returns>[…, outFeatures].</returns>
    public Tensor Forward(Tensor x, Activation activation = Activation.None, Tensor? residual = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (_matrix is not null)
        {
            return x.Linear(_matrix, _bias, activation, residual);
        }

        var y = (x.Reshape(-1, x.Shape[^1]).MatMul(_weight!) + _bias).Activate(activation).Reshape([.. x.Shape.Dims[..^1], _bias.Shape[0]]);
        return residual is null ? y : y + residual;
    }
}
