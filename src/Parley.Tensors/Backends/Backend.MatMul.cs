namespace Parley.Tensors;

public abstract partial class Backend
{
    /// <summary>y[…, m, n] = a[…, m, k] b[…, k, n]; leading dimensions of a and b were broadcast to equal sizes; both may be strided (transposed views included).</summary>
    internal abstract void MatMul(Tensor a, Tensor b, Tensor y);

    /// <summary>y[…, out] = activation(x[…, in] wᵀ + bias) (+ residual); x is contiguous.</summary>
    internal abstract void Linear(Tensor x, WeightMatrix weight, Tensor? bias, Activation activation, Tensor? residual, Tensor y);
}
