namespace Parley.Tensors;

/// <summary>Functions that a linear layer can apply to its result before it is stored.</summary>
public enum Activation
{
    /// <summary>x.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x Φ(x), exact: by the error function.</summary>
    Gelu,

    /// <summary>The tanh approximation of GELU, for the models that were trained with it.</summary>
    GeluTanh,

    /// <summary>x σ(x), also called swish.</summary>
    Silu,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>1 / (1 + exp −x).</summary>
    Sigmoid,
}
