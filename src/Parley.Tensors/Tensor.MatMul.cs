namespace Parley.Tensors;

// Products of matrices.
public sealed unsafe partial class Tensor
{
    /// <summary>y[…, m, n] of this […, m, k] and <paramref name="other"/> […, k, n]; leading dimensions broadcast.</summary>
    public Tensor MatMul(Tensor other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var backend = Common("matmul", this, other);
        if (Shape.Rank < 2 || other.Shape.Rank < 2 || Shape[^1] != other.Shape[^2])
        {
            throw new ShapeException($"matmul: shapes {Shape} and {other.Shape} are not [..., m, k] and [..., k, n]");
        }

        var leading = Shape.Broadcast("matmul", Shape.Create(Shape.Dims[..^2]), Shape.Create(other.Shape.Dims[..^2]));
        var (a, b) = (Leading(this, leading), Leading(other, leading));
        return Compute(backend, Shape.Create([.. leading.Dims, Shape[^2], other.Shape[^1]]), y => backend.MatMul(a, b, y));
    }

    /// <summary>y[…, out] = activation(this[…, in] wᵀ + bias[out]) + residual[…, out].</summary>
    public Tensor Linear(WeightMatrix w, Tensor? bias = null, Activation activation = Activation.None, Tensor? residual = null)
    {
        ArgumentNullException.ThrowIfNull(w);
        if (Shape.Rank < 1 || Shape[^1] != w.In)
        {
            throw new ShapeException($"linear: shape {Shape} does not fit weights [{w.Out}, {w.In}]");
        }

        var shape = Shape.With(-1, w.Out);
        if (bias is not null && (bias.Shape.Rank != 1 || bias.Shape[0] != w.Out))
        {
            throw new ShapeException($"linear: bias {bias.Shape} does not fit weights [{w.Out}, {w.In}]");
        }

        if (residual is not null && residual.Shape != shape)
        {
            throw new ShapeException($"linear: residual {residual.Shape} does not fit the result {shape}");
        }

        var x = Contiguous();
        var (b, r) = (bias?.Contiguous(), residual?.Contiguous());
        return Compute(Backend, shape, y => Backend.Linear(x, w, b, activation, r, y));
    }

    private static Tensor Leading(Tensor tensor, Shape leading) =>
        tensor.Expand(Shape.Create([.. leading.Dims, .. tensor.Shape.Dims[^2..]]));
}
