namespace Parley.Tensors;

internal sealed unsafe partial class SimdBackend
{
    /// <inheritdoc/>
    internal override void Ctc(Tensor logits, int[] frames, int[][] targets, int blank, Tensor losses, Tensor? gradient)
    {
        using var scope = new TensorScope();
        var (batch, time, symbols) = (logits.Shape[0], (long)logits.Shape[1], logits.Shape[2]);
        var work = gradient ?? Tensor.Empty(logits.Shape, this);
        Softmax(logits, logarithm: true, work);
        var rows = work.Pointer;
        var to = losses.Pointer;
        Workers.Run(batch, i => to[i] = CtcKernel.Run(rows + (i * time * symbols), frames[i], (int)time, symbols, targets[i], blank, gradient is not null));
    }
}
