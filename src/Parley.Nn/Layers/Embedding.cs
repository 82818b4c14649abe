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
        return Table.Gather(ids, _backend);
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
