namespace Parley.Tensors;

// Views: same memory, other shape and strides. Only Reshape of a non-contiguous tensor copies.
public sealed unsafe partial class Tensor
{
    /// <summary>The same elements in another shape; one size may be -1 and is worked out.</summary>
    public Tensor Reshape(params ReadOnlySpan<int> sizes)
    {
        var dims = sizes.ToArray();
        var unknown = Array.IndexOf(dims, -1);
        if (unknown >= 0)
        {
            dims[unknown] = 1;
            var known = Shape.Create(dims).Count;
            dims[unknown] = known > 0 && Count % known == 0
                ? checked((int)(Count / known))
                : throw new ShapeException($"reshape: {Shape} does not fill [{string.Join(", ", sizes.ToArray())}]");
        }

        var shape = Shape.Create(dims);
        if (shape.Count != Count)
        {
            throw new ShapeException($"reshape: {Shape} has {Count} elements, {shape} takes {shape.Count}");
        }

        var (dense, from) = (Contiguous(), Shape);
        return dense.View("reshape", dense.Offset, shape, RowMajor(shape), g => g.Reshape(from.Dims));
    }

    /// <summary>Swaps two dimensions.</summary>
    public Tensor Transpose(int a, int b)
    {
        (a, b) = (Shape.Axis(a), Shape.Axis(b));
        var (dims, strides) = (Shape.Dims.ToArray(), _strides.ToArray());
        (dims[a], dims[b]) = (dims[b], dims[a]);
        (strides[a], strides[b]) = (strides[b], strides[a]);
        return View("transpose", Offset, Shape.Create(dims), strides, g => g.Transpose(a, b));
    }

    /// <summary>Dimensions in a new order: result dimension i is dimension <c>order[i]</c> of this one.</summary>
    public Tensor Permute(params ReadOnlySpan<int> order)
    {
        if (order.Length != Shape.Rank)
        {
            throw new ShapeException($"permute: {order.Length} axes for shape {Shape}");
        }

        var (dims, strides, seen, back) = (new int[order.Length], new long[order.Length], new bool[order.Length], new int[order.Length]);
        for (var i = 0; i < order.Length; i++)
        {
            var axis = Shape.Axis(order[i]);
            if (seen[axis])
            {
                throw new ShapeException($"permute: axis {axis} appears twice");
            }

            (dims[i], strides[i], seen[axis], back[axis]) = (Shape[axis], _strides[axis], true, i);
        }

        return View("permute", Offset, Shape.Create(dims), strides, g => g.Permute(back));
    }

    /// <summary>Elements <paramref name="start"/> up to <paramref name="end"/> (exclusive) of one dimension.</summary>
    public Tensor Slice(int axis, int start, int end)
    {
        axis = Shape.Axis(axis);
        if (start < 0 || end < start || end > Shape[axis])
        {
            throw new ShapeException($"slice: {start}..{end} is outside dimension {axis} of {Shape}");
        }

        var after = Shape[axis] - end;
        return View("slice", Offset + (start * _strides[axis]), Shape.With(axis, end - start), _strides, g => g.Pad(axis, start, after));
    }

    /// <summary>One index of a dimension, which goes away.</summary>
    public Tensor Select(int axis, int index)
    {
        axis = Shape.Axis(axis);
        var slice = Slice(axis, index, index + 1);
        return slice.Squeeze(axis);
    }

    /// <summary>Removes a dimension of size 1.</summary>
    public Tensor Squeeze(int axis)
    {
        axis = Shape.Axis(axis);
        if (Shape[axis] != 1)
        {
            throw new ShapeException($"squeeze: dimension {axis} of {Shape} is not 1");
        }

        int[] dims = [.. Shape.Dims[..axis], .. Shape.Dims[(axis + 1)..]];
        long[] strides = [.. _strides[..axis], .. _strides[(axis + 1)..]];
        return View("squeeze", Offset, Shape.Create(dims), strides, g => g.Unsqueeze(axis));
    }

    /// <summary>Inserts a dimension of size 1 before <paramref name="axis"/> (0 to rank).</summary>
    public Tensor Unsqueeze(int axis)
    {
        axis = axis < 0 ? axis + Shape.Rank + 1 : axis;
        if (axis < 0 || axis > Shape.Rank)
        {
            throw new ShapeException($"unsqueeze: axis {axis} is outside shape {Shape}");
        }

        int[] dims = [.. Shape.Dims[..axis], 1, .. Shape.Dims[axis..]];
        long[] strides = [.. _strides[..axis], 0, .. _strides[axis..]];
        return View("unsqueeze", Offset, Shape.Create(dims), strides, g => g.Squeeze(axis));
    }

    /// <summary>Stretches dimensions of size 1 (and missing leading ones) to <paramref name="shape"/> without copying.</summary>
    public Tensor Expand(Shape shape)
    {
        if (Shape.Broadcast("expand", Shape, shape) != shape)
        {
            throw new ShapeException($"expand: {Shape} does not stretch to {shape}");
        }

        var strides = new long[shape.Rank];
        for (var i = 1; i <= Shape.Rank; i++)
        {
            strides[^i] = Shape.Dims[^i] == 1 && shape.Dims[^i] != 1 ? 0 : _strides[^i];
        }

        var from = Shape;
        return View("expand", Offset, shape, strides, g => g.SumTo(from));
    }
}
