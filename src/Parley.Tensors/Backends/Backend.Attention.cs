namespace Parley.Tensors;

/// <summary>What attention may see, besides its scores.</summary>
/// <param name="Scale">Factor of the scores, usually 1/√dim.</param>
/// <param name="Causal">Query i sees keys up to i + keys − queries.</param>
/// <param name="KeyLengths">Valid keys per batch entry; null: all.</param>
/// <param name="Bias">Added to the scores; broadcasts to [batch, heads, queries, keys]; null: none.</param>
public sealed record AttentionOptions(float Scale, bool Causal = false, int[]? KeyLengths = null, Tensor? Bias = null);

public abstract partial class Backend
{
    /// <summary>
    /// y[batch, heads, queries, valueDim] = softmax(scale q kᵀ + bias) v, with q[batch, heads, queries, dim], k[batch, heads or kvHeads, keys, dim],
    /// v[batch, heads or kvHeads, keys, valueDim]; all four may be strided views whose last dimension is dense. Never holds queries × keys for long inputs.
    /// </summary>
    internal abstract void Attention(Tensor q, Tensor k, Tensor v, AttentionOptions options, Tensor y);

    /// <summary>The same over keys and values in 16 bits, all of them seen by every query: here with one entry of the batch as float32 at a time.</summary>
    internal virtual void Attention(Tensor q, CompactRows k, CompactRows v, float scale, Tensor y)
    {
        for (var b = 0; b < q.Shape[0]; b++)
        {
            using var scope = new TensorScope();
            Attention(q.Slice(0, b, b + 1), k.Decode(b, b + 1, q.Backend), v.Decode(b, b + 1, q.Backend), new AttentionOptions(scale), y.Slice(0, b, b + 1));
        }
    }
}
