using System.Numerics;

namespace Parley.Tensors;

/// <summary>What happens to a product before it is stored: c = activation(product + bias) + residual.</summary>
internal readonly unsafe struct Epilogue
{
    /// <summary>One value per column, or null.</summary>
    internal float* ColumnBias { get; init; }

    /// <summary>One value per row, or null.</summary>
    internal float* RowBias { get; init; }

    /// <summary>Applied after the bias.</summary>
    internal Activation Activation { get; init; }

    /// <summary>Added after the activation, or null; may be the result itself.</summary>
    internal float* Residual { get; init; }

    /// <summary>Floats from one row of the residual to the next.</summary>
    internal long ResidualStride { get; init; }

    /// <summary>Whether the product is added to what c holds; then residual must not be c.</summary>
    internal bool Accumulate { get; init; }

    internal bool IsEmpty => ColumnBias is null && RowBias is null && Activation == Activation.None && Residual is null;

    /// <summary>Finishes rows × columns of c, which begin at <paramref name="row"/> and <paramref name="column"/> of the whole.</summary>
    internal void Apply(int row, int column, int rows, int columns, float* c, long cRow)
    {
        if (IsEmpty)
        {
            return;
        }

        for (var i = 0; i < rows; i++)
        {
            var values = new Span<float>(c + i * cRow, columns);
            if (ColumnBias is not null)
            {
                Add(values, new ReadOnlySpan<float>(ColumnBias + column, columns));
            }

            if (RowBias is not null)
            {
                Add(values, RowBias[row + i]);
            }

            ActivationKernel.Apply(Activation, c + i * cRow, columns);
            if (Residual is not null)
            {
                Add(values, new ReadOnlySpan<float>(Residual + (row + i) * ResidualStride + column, columns));
            }
        }
    }

    private static void Add(Span<float> values, ReadOnlySpan<float> other)
    {
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (new Vector<float>(values[i..]) + new Vector<float>(other[i..])).CopyTo(values[i..]);
        }

        for (; i < values.Length; i++)
        {
            values[i] += other[i];
        }
    }

    private static void Add(Span<float> values, float other)
    {
        foreach (ref var value in values)
        {
            value += other;
        }
    }
}
