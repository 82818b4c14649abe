namespace Parley.Tensors;

/// <summary>The elementwise function behind an activation.</summary>
internal static class ConvActivation
{
    /// <summary>Null for <see cref="Activation.None"/>.</summary>
    internal static UnaryOp? Op(Activation activation) => activation switch
    {
        Activation.None => null,
        Activation.Relu => UnaryOp.Relu,
        Activation.Gelu => UnaryOp.Gelu,
        Activation.GeluTanh => UnaryOp.GeluTanh,
        Activation.Silu => UnaryOp.Silu,
        Activation.Tanh => UnaryOp.Tanh,
        Activation.Sigmoid => UnaryOp.Sigmoid,
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "convolution: unknown activation"),
    };
}
