using System.Collections;
using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>Sizes of a tensor's dimensions, outermost first; written as a collection expression: <c>[batch, time, dim]</c>.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>, IEnumerable<int>
{
    private readonly int[]? _dims;

    private Shape(int[] dims) => _dims = dims;

    /// <summary>Number of dimensions.</summary>
    public int Rank => Dims.Length;

    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            foreach (var dim in Dims)
            {
                count = checked(count * dim);
            }

            return count;
        }
    }

    /// <summary>The sizes.</summary>
    public ReadOnlySpan<int> Dims => _dims;

    /// <summary>Size of one dimension; negative indices count from the last.</summary>
    public int this[int axis] => Dims[Axis(axis)];

    /// <summary>The same for <c>^1</c> and its like.</summary>
    public int this[Index axis] => Dims[axis];

    /// <summary>Makes a shape; sizes must not be negative.</summary>
    public static Shape Create(params ReadOnlySpan<int> dims)
    {
        foreach (var dim in dims)
        {
            if (dim < 0)
            {
                throw new ShapeException($"shape: sizes must not be negative, got [{string.Join(", ", dims.ToArray())}]");
            }
        }

        return new Shape(dims.ToArray());
    }

    /// <summary>The shape of an elementwise operation's result; sizes of 1 stretch as in NumPy.</summary>
    public static Shape Broadcast(string operation, Shape a, Shape b)
    {
        var dims = new int[Math.Max(a.Rank, b.Rank)];
        for (var i = 1; i <= dims.Length; i++)
        {
            var (x, y) = (i <= a.Rank ? a.Dims[^i] : 1, i <= b.Rank ? b.Dims[^i] : 1);
            dims[^i] = x == y || y == 1 ? x : x == 1 ? y : throw new ShapeException($"{operation}: shapes {a} and {b} do not broadcast");
        }

        return new Shape(dims);
    }

    /// <summary>The shape with one size replaced.</summary>
    public Shape With(int axis, int size)
    {
        var dims = Dims.ToArray();
        dims[Axis(axis)] = size;
        return Create(dims);
    }

    /// <summary>Turns a possibly negative axis into an index, or throws.</summary>
    public int Axis(int axis)
    {
        var index = axis < 0 ? axis + Rank : axis;
        return (uint)index < (uint)Rank ? index : throw new ShapeException($"axis {axis} is outside shape {this}");
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) => Dims.SequenceEqual(other.Dims);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var dim in Dims)
        {
            hash.Add(dim);
        }

        return hash.ToHashCode();
    }

    /// <summary>The sizes in brackets: <c>[3, 4]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", Dims.ToArray())}]";

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)(_dims ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Whether two shapes are equal.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether two shapes differ.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);
}
