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
        return Compute(Backend, Shape, y => Backend.Softmax(this, logarithm: false, y));
    }

    /// <summary>The logarithm of <see cref="Softmax"/>, computed without taking one of zero.</summary>
    public Tensor LogSoftmax()
    {
        NeedsLast("log-softmax");
        return Compute(Backend, Shape, y => Backend.Softmax(this, logarithm: true, y));
    }

    private Tensor Reduce(ReduceOp op, int axis, bool keepDims)
    {
        axis = Shape.Axis(axis);
        var y = Compute(Backend, Shape.With(axis, 1), target => Backend.Reduce(op, this, axis, target));
        return keepDims ? y : y.Squeeze(axis);
    }

    private void NeedsLast(string operation)
    {
        if (Shape.Rank == 0)
        {
            throw new ShapeException($"{operation}: shape [] has no last dimension");
        }
    }
}
