namespace Parley.Tensors;

// Folds over one dimension, and the functions of the last dimension that rest on them.
public sealed unsafe partial class Tensor
{
    /// <summary>Sum over one dimension; the dimension goes away unless <paramref name="keepDims"/>.</summary>
    public Tensor Sum(int axis, bool keepDims = false) => Reduce(ReduceOp.Sum, axis, keepDims);

    /// <summary>Arithmetic mean over one dimension.</summary>
    public Tensor Mean(int axis, bool keepDims = false) => Reduce(ReduceOp.Mean, axis, keepDims);

    /// <summary>Largest value over one dimension; NaN if there is one.</summary>
    public Tensor Max(int axis, bool keepDims = false) => Shape[axis] > 0
        ? Reduce(ReduceOp.Max, axis, keepDims)
        : throw new ShapeException($"max: dimension {Shape.Axis(axis)} of {Shape} is empty");

    /// <summary>Sum of all elements, of shape [].</summary>
    public Tensor Sum() => Reshape(checked((int)Count)).Sum(0);

    /// <summary>Mean of all elements, of shape [].</summary>
    public Tensor Mean() => Reshape(checked((int)Count)).Mean(0);

    /// <summary>Index of the largest value of each row [..., n] -> [...]; the first of equals, and NaN counts as largest.</summary>
    public IntTensor ArgMax()
    {
        if (Shape.Rank == 0 || Shape[^1] == 0)
        {
            throw new ShapeException($"argmax: {Shape} has no values in its last dimension");
        }

        var indices = new int[Count / Shape[^1]];
        if (indices.Length > 0)
        {
            Backend.ArgMax(this, indices);
        }

        return new IntTensor(indices, Shape.Create(Shape.Dims[..^1]));
    }

    /// <summary>exp x / Σ exp x over the last dimension; a row that is all −∞ gives zeros.</summary>
    public Tensor Softmax()
    {
        NeedsLast("softmax");
        return Softmax(logarithm: false);
    }

    /// <summary>The logarithm of <see cref="Softmax()"/>, computed without taking one of zero.</summary>
    public Tensor LogSoftmax()
    {
        NeedsLast("log-softmax");
        return Softmax(logarithm: true);
    }

    private Tensor Softmax(bool logarithm) =>
        Record(logarithm ? "log-softmax" : "softmax", Backend, Shape, y => Backend.Softmax(this, logarithm, y), [this], Saves.Result, (g, y) =>
            [Compute(Backend, Shape, dx => Backend.SoftmaxGradient(y, logarithm, g, dx))]);

    private Tensor Reduce(ReduceOp op, int axis, bool keepDims)
    {
        axis = Shape.Axis(axis);
        var saves = op == ReduceOp.Max ? Saves.Inputs | Saves.Result : Saves.Nothing;
        var y = Record(op.ToString(), Backend, Shape.With(axis, 1), target => Backend.Reduce(op, this, axis, target), [this], saves, (g, y) =>
            [op switch
            {
                ReduceOp.Sum => g.Expand(Shape),
                ReduceOp.Mean => (g * (1f / Shape[axis])).Expand(Shape),
                _ => MaxGradient(g, y, axis),
            }]);
        return keepDims ? y : y.Squeeze(axis);
    }

    /// <summary>The largest values, if several are equal, share the gradient.</summary>
    private Tensor MaxGradient(Tensor g, Tensor y, int axis)
    {
        var largest = (this - y).Step() * 2f;
        return largest * (g / largest.Sum(axis, keepDims: true));
    }

    private void NeedsLast(string operation)
    {
        if (Shape.Rank == 0)
        {
            throw new ShapeException($"{operation}: shape [] has no last dimension");
        }
    }
}
