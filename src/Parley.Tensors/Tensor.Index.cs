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

        return Record("gather", Backend, [.. ids.Shape.Dims, Shape[1]], y => Backend.Gather(this, ids.Values, y), [this], Saves.Nothing, (g, _) =>
            [Compute(Backend, Shape, rows => Backend.ScatterAdd(g, ids.Values, rows))]);
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
        return Record(
            "concat",
            backend,
            parts[0].Shape.With(axis, size),
            y =>
            {
                var start = 0;
                foreach (var part in parts)
                {
                    backend.Copy(part, y.Slice(axis, start, start + part.Shape[axis]));
                    start += part.Shape[axis];
                }
            },
            parts,
            Saves.Nothing,
            (g, _) =>
            {
                var (gradients, start) = (new Tensor?[parts.Length], 0);
                for (var i = 0; i < parts.Length; i++)
                {
                    gradients[i] = g.Slice(axis, start, start + parts[i].Shape[axis]);
                    start += parts[i].Shape[axis];
                }

                return gradients;
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

        var (atStart, atEnd) = mode == PadMode.Reflect ? (before, size - 2) : (0, size - 1);
        return Record(
            "pad",
            Backend,
            Shape.With(axis, checked(size + before + after)),
            y =>
            {
                Backend.Copy(this, y.Slice(axis, before, before + size));
                Edge(y.Slice(axis, 0, before), mode, axis, atStart);
                Edge(y.Slice(axis, before + size, before + size + after), mode, axis, atEnd);
            },
            [this],
            Saves.Nothing,
            (g, _) =>
            {
                var inner = g.Slice(axis, before, before + size);
                if (mode == PadMode.Zero || before + after == 0)
                {
                    return [inner];
                }

                var dx = inner.Clone();
                dx.AddEdge(g.Slice(axis, 0, before), mode, axis, atStart);
                dx.AddEdge(g.Slice(axis, before + size, before + size + after), mode, axis, atEnd);
                return [dx];
            });
    }

    /// <summary>Sets each element to 0 with probability <paramref name="p"/> and scales the others by 1/(1 − p).</summary>
    /// <remarks>What is dropped depends on the seed and an element's place only. Srivastava et al. 2014, JMLR 15.</remarks>
    public Tensor Dropout(float p, ulong seed)
    {
        if (p is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(p), p, "dropout: the probability must be at least 0 and below 1");
        }

        return p == 0 ? this : Record("dropout", Backend, Shape, y => Backend.Dropout(this, p, seed, y), [this], Saves.Nothing, (g, _) =>
            [g.Dropout(p, seed)]);
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

        Backend.Copy(EdgeSource(edge.Shape, mode, axis, first), edge);
    }

    /// <summary>Adds the gradient of an edge to where <see cref="Edge"/> read it.</summary>
    private void AddEdge(Tensor edge, PadMode mode, int axis, int first)
    {
        if (edge.Count == 0)
        {
            return;
        }

        var source = mode == PadMode.Reflect ? EdgeSource(edge.Shape, mode, axis, first) : Slice(axis, first, first + 1);
        Backend.Copy(source + edge.SumTo(source.Shape), source);
    }

    private Tensor EdgeSource(Shape edge, PadMode mode, int axis, int first)
    {
        var strides = _strides.ToArray();
        var offset = Offset + (first * strides[axis]);
        strides[axis] = mode == PadMode.Reflect ? -strides[axis] : 0;
        return new Tensor(Storage, offset, edge, strides, Backend);
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
