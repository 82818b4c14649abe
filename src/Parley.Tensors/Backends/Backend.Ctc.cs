namespace Parley.Tensors;

public abstract partial class Backend
{
    /// <summary>
    /// losses[batch] of logits[batch, frames, symbols]; with gradient, of the logits' shape, softmax − posterior in each valid frame: 0 in the others, and in
    /// all frames of an utterance whose loss is infinite.
    /// </summary>
    internal abstract void Ctc(Tensor logits, int[] frames, int[][] targets, int blank, Tensor losses, Tensor? gradient);
}
