namespace Parley.Tensors;

public abstract partial class Backend
{
    /// <summary>One direction of a recurrent layer: output, last states, and what the gradient needs.</summary>
    internal abstract void Recurrent(RecurrentPass pass);

    /// <summary>Backward through time: all gradients that are asked for. The pass's gates are used up.</summary>
    internal abstract void RecurrentGradient(RecurrentPass pass, RecurrentGradients gradients);
}
