namespace Parley.Decoding;

/// <summary>How a language model is estimated.</summary>
/// <param name="Order">Words of the longest n-grams, 1 to 10.</param>
/// <param name="Prune">For each order the count up to which its n-grams are left out, never falling; the last holds for the orders after it, the first must be 0. Null: none is.</param>
/// <param name="Fallback">Discounts of counts 1, 2 and from 3 for an order whose counts of counts give none; null: 0.5, 1 and 1.5, as lmplz has them.</param>
public sealed record KneserNeyOptions(int Order = 4, IReadOnlyList<int>? Prune = null, KneserNeyDiscounts? Fallback = null)
{
    /// <summary>The count up to which n-grams of an order are left out.</summary>
    public int Threshold(int order) => Prune is null or { Count: 0 } ? 0 : Prune[Math.Min(order, Prune.Count) - 1];

    /// <summary>Throws, naming the setting, when settings are out of range.</summary>
    public void Validate()
    {
        if (Order is < 1 or > 10)
        {
            throw new ArgumentException($"language model: order {Order}; 1 to 10 are possible");
        }

        if (Prune is not { Count: > 0 } prune)
        {
            return;
        }

        if (prune.Count > Order)
        {
            throw new ArgumentException($"language model: {prune.Count} pruning thresholds for {Order} orders");
        }

        if (prune[0] != 0)
        {
            throw new ArgumentException($"language model: the pruning threshold of 1-grams is {prune[0]} and must be 0; words are never left out");
        }

        if (prune.Zip(prune.Skip(1)).Any(p => p.First > p.Second))
        {
            throw new ArgumentException($"language model: pruning thresholds {string.Join(' ', prune)} fall; a longer n-gram cannot stay without the shorter ones in it");
        }
    }
}
