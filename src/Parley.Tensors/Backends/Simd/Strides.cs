namespace Parley.Tensors;

/// <summary>The index space of strided operands, with dimensions joined wherever all operands allow it.</summary>
internal sealed class Strides
{
    private readonly int _operands;
    private readonly List<long> _dims = [];
    private readonly List<long[]> _steps = [];

    /// <summary>Joins the dimensions of a shape; <paramref name="steps"/> holds each operand's strides.</summary>
    internal Strides(Shape shape, params ReadOnlySpan<long[]> steps)
    {
        _operands = steps.Length;
        for (var d = 0; d < shape.Rank; d++)
        {
            if (shape[d] == 1)
            {
                continue;
            }

            var step = new long[_operands];
            var joins = _dims.Count > 0;
            for (var o = 0; o < _operands; o++)
            {
                step[o] = steps[o][d];
                joins = joins && _steps[^1][o] == step[o] * shape[d];
            }

            if (joins)
            {
                _dims[^1] *= shape[d];
                _steps[^1] = step;
            }
            else
            {
                _dims.Add(shape[d]);
                _steps.Add(step);
            }
        }

        if (_dims.Count == 0)
        {
            _dims.Add(1);
            _steps.Add(new long[_operands]);
        }
    }

    /// <summary>Dimensions that are left.</summary>
    internal int Rank => _dims.Count;

    /// <summary>Size of one dimension.</summary>
    internal long Size(int axis) => _dims[axis];

    /// <summary>Step of one operand along one dimension.</summary>
    internal long Step(int axis, int operand) => _steps[axis][operand];

    /// <summary>Product of the sizes of the first <paramref name="axes"/> dimensions.</summary>
    internal long Outer(int axes)
    {
        long count = 1;
        for (var d = 0; d < axes; d++)
        {
            count *= _dims[d];
        }

        return count;
    }

    /// <summary>Where an operand stands at the <paramref name="index"/>th point of the first <paramref name="axes"/> dimensions.</summary>
    internal long Position(long index, int axes, int operand)
    {
        long position = 0;
        for (var d = axes - 1; d >= 0; d--)
        {
            (index, var here) = Math.DivRem(index, _dims[d]);
            position += here * _steps[d][operand];
        }

        return position;
    }

    /// <summary>Moves one dimension to stand just before the last.</summary>
    internal void MoveBeforeLast(int axis)
    {
        var (dim, step) = (_dims[axis], _steps[axis]);
        _dims.RemoveAt(axis);
        _steps.RemoveAt(axis);
        _dims.Insert(_dims.Count - 1, dim);
        _steps.Insert(_steps.Count - 1, step);
    }
}
