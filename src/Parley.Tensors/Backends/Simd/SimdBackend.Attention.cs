namespace Parley.Tensors;

// Attention: whole sequences in blocks, single steps row by row.
internal sealed partial class SimdBackend
{
    private const int FewQueries = 4;

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

    private static Tensor RowsDense(Tensor x) => x.Strides[3] == 1 || x.Shape[3] <= 1 ? x : x.Contiguous();
}
