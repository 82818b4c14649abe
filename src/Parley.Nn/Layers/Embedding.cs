using Parley.Tensors;

namespace Parley.Nn;

/// <summary>A table of vectors by id, which may also serve as the output projection.</summary>
public sealed class Embedding
{
    private readonly Backend _backend;

    /// <summary>Reads <c>weight</c> [count, dim].</summary>
    public Embedding(Weights w, int count, int dim)
    {
        ArgumentNullException.ThrowIfNull(w);
        _backend = w.Backend;
        Table = w.Matrix("weight", count, dim, Init.Normal(0.02f));
    }

    /// <summary>The table [count, dim].</summary>
    public WeightMatrix Table { get; }

    /// <summary>Looks ids up.</summary>
    /// <param name="ids">[…].</param>
    /// <returns>[…, dim].</returns>
    public Tensor Forward(IntTensor ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var y = Tensor.Empty([.. ids.Shape, Table.In], _backend);
        y.Fill(target =>
        {
            var values = ids.Values;
            for (var i = 0; i < values.Length; i++)
            {
                if ((uint)values[i] >= (uint)Table.Out)
                {
                    throw new ArgumentOutOfRangeException(nameof(ids), $"embedding: id {values[i]} is outside 0..{Table.Out - 1}");
                }

                Table.CopyRow(values[i], target.Slice(i * Table.In, Table.In));
            }
        });
        return y;
    }

    /// <summary>Scores every entry: x · tableᵀ.</summary>
    /// <param name="x">[…, dim].</param>
    /// <returns>[…, count].</returns>
    public Tensor Logits(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Linear(Table);
    }
}
