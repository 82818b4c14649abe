namespace Parley.Tensors;

// Scaled dot-product attention.
public sealed unsafe partial class Tensor
{
    /// <summary>softmax(scale q kᵀ + bias) v: q [batch, heads, queries, dim], k [batch, kvHeads, keys, dim] and v [batch, kvHeads, keys, valueDim] give [batch, heads, queries, valueDim].</summary>
    /// <remarks>kvHeads divides heads: head h reads k and v of h / (heads / kvHeads). Rows that may see no key give zeros. Vaswani et al. 2017, §3.2.1; blocks and running softmax: Dao et al. 2022, arXiv 2205.14135.</remarks>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, AttentionOptions options)
    {
        ArgumentNullException.ThrowIfNull(q);
        ArgumentNullException.ThrowIfNull(k);
        ArgumentNullException.ThrowIfNull(v);
        ArgumentNullException.ThrowIfNull(options);
        if (q.Shape.Rank != 4 || k.Shape.Rank != 4 || v.Shape.Rank != 4)
        {
            throw new ShapeException($"attention: q, k and v must be [batch, heads, time, dim], got {q.Shape}, {k.Shape} and {v.Shape}");
        }

        var (batch, heads, queries, keys) = (q.Shape[0], q.Shape[1], q.Shape[2], k.Shape[2]);
        if (k.Shape[0] != batch || k.Shape[3] != q.Shape[3] || v.Shape[0] != batch || v.Shape[1] != k.Shape[1] || v.Shape[2] != keys)
        {
            throw new ShapeException($"attention: q {q.Shape}, k {k.Shape} and v {v.Shape} do not fit: batch, kvHeads, keys and the width of q and k must agree");
        }

        if (heads > 0 && (k.Shape[1] == 0 || heads % k.Shape[1] != 0))
        {
            throw new ShapeException($"attention: {heads} query heads cannot share {k.Shape[1]} key heads evenly");
        }

        if (options.KeyLengths is { } lengths)
        {
            if (lengths.Length != batch)
            {
                throw new ShapeException($"attention: {lengths.Length} key lengths for a batch of {batch}");
            }

            if (Array.FindIndex(lengths, n => n < 0 || n > keys) is >= 0 and var bad)
            {
                throw new ShapeException($"attention: key length {lengths[bad]} of batch entry {bad} is outside 0..{keys}");
            }
        }

        var backend = Common("attention", q, k);
        Common("attention", q, v);
        if (options.Bias is { } bias)
        {
            Common("attention", q, bias);
            Shape scores = [batch, heads, queries, keys];
            if (Shape.Broadcast("attention bias", bias.Shape, scores) != scores)
            {
                throw new ShapeException($"attention: bias {bias.Shape} does not stretch to the scores {scores}");
            }
        }

        return Compute(backend, [batch, heads, queries, v.Shape[3]], y => backend.Attention(q, k, v, options, y));
    }
}
