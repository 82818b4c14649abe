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
        var shape = Shape.Create([.. leading.Dims, Shape[^2], other.Shape[^1]]);
        return Record("matmul", backend, shape, y => backend.MatMul(Leading(this, leading), Leading(other, leading), y), [this, other], Saves.Inputs, (g, _) =>
        [
            NeedsGradient ? g.MatMul(other.Transpose(-1, -2)).SumTo(Shape) : null,
            other.NeedsGradient ? RightGradient(other.Shape, g) : null,
        ]);
    }

    /// <summary>xᵀ g of this x […, m, k] and g […, m, n], summed over what one matrix [k, n] was broadcast along.</summary>
    private Tensor RightGradient(Shape shape, Tensor g)
    {
        if (shape.Count == (long)shape[^2] * shape[^1] && g.Shape.Rank == Shape.Rank)
        {
            // One matrix for all rows: one product with all rows, and nothing to sum after.
            return Reshape(-1, Shape[^1]).Transpose(0, 1).MatMul(g.Reshape(-1, g.Shape[^1])).Reshape(shape.Dims);
        }

        return Transpose(-1, -2).MatMul(g).SumTo(shape);
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

        var values = w.Values;
        if (activation != Activation.None && Autograd.Records([this, values, bias, residual]))
        {
            // The gradient of an activation needs what goes into it.
            var activated = Linear(w, bias).Activate(activation);
            return residual is null ? activated : activated + residual;
        }

        var x = Contiguous();
        var (b, r) = (bias?.Contiguous(), residual?.Contiguous());
        var saves = values is { NeedsGradient: true } ? Saves.Inputs : Saves.Nothing;
        return Record("linear", Backend, shape, y => Backend.Linear(x, w, b, activation, r, y), [x, values, b, r], saves, (g, _) =>
        {
            var rows = g.Reshape(-1, w.Out);
            return
            [
                x.NeedsGradient ? rows.MatMul(values ?? w.ToTensor(Backend)).Reshape(Shape.Dims) : null,
                values is { NeedsGradient: true } ? rows.Transpose(0, 1).MatMul(x.Reshape(-1, w.In)) : null,
                b is { NeedsGradient: true } ? rows.Sum(0) : null,
                r is { NeedsGradient: true } ? g : null,
            ];
        });
    }

    private static Tensor Leading(Tensor tensor, Shape leading) =>
        tensor.Expand(Shape.Create([.. leading.Dims, .. tensor.Shape.Dims[^2..]]));
}
