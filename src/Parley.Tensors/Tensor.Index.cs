namespace Parley.Tensors;

// Picking, joining and extending.
public sealed unsafe partial class Tensor
{
    /// <summary>Rows of this table [rows, dim]: ids [...] -> [..., dim].</summary>
    public Tensor Gather(IntTensor ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (Shape.Rank != 2)
        {
            throw new ShapeException($"gather: the table must be [rows, dim], got {Shape}");
        }

        foreach (var id in ids.Values)
        {
            if ((uint)id >= (uint)Shape[0])
            {
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"gather: id {id} is outside a table of {Shape[0]} rows");
            }
        }

        return Compute(Backend, [.. ids.Shape.Dims, Shape[1]], y => Backend.Gather(this, ids.Values, y));
    }

    /// <summary>Joins tensors along one dimension; their other sizes are equal.</summary>
    public static Tensor Concat(int axis, params ReadOnlySpan<Tensor> tensors)
    {
        var parts = Parts("concat", tensors);
        axis = parts[0].Shape.Axis(axis);
        var size = 0;
        foreach (var part in parts)
        {
            if (part.Shape.Rank != parts[0].Shape.Rank || part.Shape.With(axis, 0) != parts[0].Shape.With(axis, 0))
            {
                throw new ShapeException($"concat: {parts[0].Shape} and {part.Shape} differ outside axis {axis}");
            }

            size = checked(size + part.Shape[axis]);
        }

        var backend = parts[0].Backend;
        return Compute(backend, parts[0].Shape.With(axis, size), y =>
        {
            var start = 0;
            foreach (var part in parts)
            {
                backend.Copy(part, y.Slice(axis, start, start + part.Shape[axis]));
                start += part.Shape[axis];
            }
        });
    }

    /// <summary>Joins tensors of one shape along a new dimension.</summary>
    public static Tensor Stack(int axis, params ReadOnlySpan<Tensor> tensors)
    {
        var parts = Parts("stack", tensors);
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = parts[i].Shape == tensors[0].Shape
                ? parts[i].Unsqueeze(axis)
                : throw new ShapeException($"stack: {tensors[0].Shape} and {parts[i].Shape} differ");
        }

        return Concat(axis < 0 ? axis + parts[0].Shape.Rank : axis, parts);
    }

    /// <summary>Extends one dimension by <paramref name="before"/> and <paramref name="after"/> elements.</summary>
    public Tensor Pad(int axis, int before, int after, PadMode mode = PadMode.Zero)
    {
        axis = Shape.Axis(axis);
        ArgumentOutOfRangeException.ThrowIfNegative(before);
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        var size = Shape[axis];
        var needed = mode switch { PadMode.Reflect => Math.Max(before, after) + 1, PadMode.Replicate => 1, _ => 0 };
        if (before + after > 0 && size < needed)
        {
            throw new ShapeException($"pad: {mode} by {before} and {after} needs at least {needed} elements in dimension {axis} of {Shape}");
        }

        return Compute(Backend, Shape.With(axis, checked(size + before + after)), y =>
        {
            Backend.Copy(this, y.Slice(axis, before, before + size));
            Edge(y.Slice(axis, 0, before), mode, axis, first: mode == PadMode.Reflect ? before : 0);
            Edge(y.Slice(axis, before + size, before + size + after), mode, axis, first: mode == PadMode.Reflect ? size - 2 : size - 1);
        });
    }

    /// <summary>The first half of one dimension times the sigmoid of the second.</summary>
    /// <remarks>Dauphin et al. 2017, arXiv 1612.08083.</remarks>
    public Tensor Glu(int axis)
    {
        axis = Shape.Axis(axis);
        var half = Shape[axis] % 2 == 0
            ? Shape[axis] / 2
            : throw new ShapeException($"glu: dimension {axis} of {Shape} is odd");
        return Slice(axis, 0, half) * Slice(axis, half, 2 * half).Sigmoid();
    }

    /// <summary>Fills an edge from this tensor, starting at index <paramref name="first"/> and, to mirror, walking back from there.</summary>
    private void Edge(Tensor edge, PadMode mode, int axis, int first)
    {
        if (edge.Count == 0)
        {
            return;
        }

        if (mode == PadMode.Zero)
        {
            Backend.Copy(Number(this, 0f).Expand(edge.Shape), edge);
            return;
        }

        var strides = _strides.ToArray();
        var offset = Offset + (first * strides[axis]);
        strides[axis] = mode == PadMode.Reflect ? -strides[axis] : 0;
        Backend.Copy(new Tensor(Storage, offset, edge.Shape, strides, Backend), edge);
    }

    private static Tensor[] Parts(string operation, ReadOnlySpan<Tensor> tensors)
    {
        var parts = tensors.Length > 0 ? tensors.ToArray() : throw new ArgumentException($"{operation}: no tensors", nameof(tensors));
        foreach (var part in parts)
        {
            ArgumentNullException.ThrowIfNull(part, nameof(tensors));
            Common(operation, parts[0], part);
        }

        return parts;
    }
}
