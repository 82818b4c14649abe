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

        return Autograd.Records([q, k, v, options.Bias])
            ? Composed(q, k, v, options)
            : Compute(backend, [batch, heads, queries, v.Shape[3]], y => backend.Attention(q, k, v, options, y));
    }

    /// <summary>softmax(scale q kᵀ) v over keys and values in 16 bits: q [batch, heads, queries, dim] gives [batch, heads, queries, valueDim]. Not for training.</summary>
    public static Tensor Attention(Tensor q, CompactRows k, CompactRows v, float scale)
    {
        ArgumentNullException.ThrowIfNull(q);
        ArgumentNullException.ThrowIfNull(k);
        ArgumentNullException.ThrowIfNull(v);
        if (q.Shape.Rank != 4 || k.Shape[0] != q.Shape[0] || k.Shape[1] != q.Shape[1] || k.Shape[3] != q.Shape[3] || v.Shape.With(3, k.Shape[3]) != k.Shape)
        {
            throw new ShapeException($"attention: q {q.Shape}, compact k {k.Shape} and v {v.Shape} do not fit: batch, heads, keys and the width of q and k must agree");
        }

        if (Autograd.Records([q]))
        {
            throw new InvalidOperationException("attention: compact keys and values have no gradient");
        }

        return Compute(q.Backend, q.Shape.With(3, v.Shape[3]), y => q.Backend.Attention(q, k, v, scale, y));
    }

    /// <summary>Attention from recorded operations, queries × keys in memory: its gradient, and that of a bias, follow from theirs.</summary>
    private static Tensor Composed(Tensor q, Tensor k, Tensor v, AttentionOptions options)
    {
        var (heads, keys) = (q.Shape[1], k.Shape[2]);
        var scores = (q * options.Scale).MatMul(Shared(k, heads).Transpose(2, 3));
        scores = options.Bias is null ? scores : scores + options.Bias;
        var mask = Mask(q.Shape[0], q.Shape[2], keys, options, q.Backend);
        return (mask is null ? scores : scores + mask).Softmax().MatMul(Shared(v, heads));
    }

    /// <summary>Keys or values [batch, kvHeads, keys, dim] with each head repeated for the query heads that read it.</summary>
    private static Tensor Shared(Tensor x, int heads)
    {
        var (batch, own, keys, dim) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        return own == heads ? x : x.Unsqueeze(2).Expand([batch, own, heads / own, keys, dim]).Reshape(batch, heads, keys, dim);
    }

    /// <summary>0 where a query may see a key and −∞ elsewhere, to be added to scores; null when it may see all.</summary>
    private static Tensor? Mask(int batch, int queries, int keys, AttentionOptions options, Backend backend)
    {
        if (!options.Causal && options.KeyLengths is null)
        {
            return null;
        }

        var rows = options.KeyLengths is null ? 1 : batch;
        var mask = new float[(long)rows * queries * keys];
        for (var b = 0; b < rows; b++)
        {
            for (var i = 0; i < queries; i++)
            {
                var seen = options.Causal ? Math.Clamp(i + keys - queries + 1, 0, keys) : keys;
                seen = options.KeyLengths is { } lengths ? Math.Min(seen, lengths[b]) : seen;
                mask.AsSpan((((b * queries) + i) * keys) + seen, keys - seen).Fill(float.NegativeInfinity);
            }
        }

        return From(mask, [rows, 1, queries, keys], backend);
    }
}
