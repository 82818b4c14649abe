namespace Parley.Tensors;

// Attention: whole sequences in blocks, single steps row by row.
internal sealed partial class SimdBackend
{
    private const int FewQueries = 4;

    /// <summary>Queries, such as beams, for which keys in 16 bits are not worth decoding.</summary>
    private const int MoreQueries = 16;

    /// <inheritdoc/>
    internal override void Attention(Tensor q, Tensor k, Tensor v, AttentionOptions options, Tensor y)
    {
        using var scope = new TensorScope();
        var job = new AttentionJob(RowsDense(q), RowsDense(k), RowsDense(v), options, y);
        if (job.Queries <= FewQueries)
        {
            AttentionRows.Run(Workers, job);
        }
        else
        {
            AttentionKernel.Run(Workers, job);
        }
    }

    /// <inheritdoc/>
    internal override void Attention(Tensor q, CompactRows k, CompactRows v, float scale, Tensor y)
    {
        if (q.Shape[2] > MoreQueries)
        {
            base.Attention(q, k, v, scale, y);
            return;
        }

        using var scope = new TensorScope();
        var queries = RowsDense(q);
        CompactAttention.Run(Workers, queries, k, v, scale, y);
        GC.KeepAlive(queries);
    }

    private static Tensor RowsDense(Tensor x) => x.Strides[3] == 1 || x.Shape[3] <= 1 ? x : x.Contiguous();
}
