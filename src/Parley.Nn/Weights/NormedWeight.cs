using Parley.Tensors;

namespace Parley.Nn;

/// <summary>A weight g v / ‖v‖ whose length and direction are separate parameters (Salimans and Kingma 2016, arXiv 1602.07868).</summary>
public sealed class NormedWeight
{
    private readonly Tensor? _folded;
    private readonly Tensor? _g;
    private readonly Tensor? _v;
    private readonly int _dim;

    internal NormedWeight(Tensor g, Tensor v, int dim)
    {
        if (g.NeedsGradient || v.NeedsGradient)
        {
            (_g, _v, _dim) = (g, v, dim);
        }
        else
        {
            _folded = Fold(g, v, dim);
        }
    }

    /// <summary>A weight that is used as it is.</summary>
    public NormedWeight(Tensor weight) => _folded = weight;

    /// <summary>The weight: worked out once when it is only used, and each time, recorded, when it is trained.</summary>
    public Tensor Value
    {
        get
        {
            if (_folded is not null)
            {
                return _folded;
            }

            var squares = _v!.Square();
            for (var axis = 0; axis < squares.Shape.Rank; axis++)
            {
                squares = axis == _dim ? squares : squares.Sum(axis, keepDims: true);
            }

            return _v * (_g! / squares.Sqrt());
        }
    }

    private static Tensor Fold(Tensor g, Tensor v, int dim)
    {
        var (gains, values, step) = (g.ToArray(), v.ToArray(), 1);
        for (var i = dim + 1; i < v.Shape.Rank; i++)
        {
            step *= v.Shape[i];
        }

        var sums = new double[gains.Length];
        for (var i = 0; i < values.Length; i++)
        {
            sums[i / step % gains.Length] += (double)values[i] * values[i];
        }

        var folded = Tensor.Allocate(v.Shape, v.Backend);
        for (var i = 0; i < values.Length; i++)
        {
            var slice = i / step % gains.Length;
            values[i] = (float)(gains[slice] * values[i] / Math.Sqrt(sums[slice]));
        }

        folded.Fill(values);
        return folded;
    }
}
