namespace Parley.Tensors;

/// <summary>Activations in place, for the ends of matrix products and convolutions.</summary>
internal static unsafe class ActivationKernel
{
    /// <summary>y = activation(y).</summary>
    internal static void Apply(Activation activation, float* y, long count)
    {
        switch (activation)
        {
            case Activation.None:
                break;
            case Activation.Relu:
                ElementLoops.Map<UnaryFunctions.Relu>(y, y, count);
                break;
            case Activation.Gelu:
                ElementLoops.Map<UnaryFunctions.Gelu>(y, y, count);
                break;
            case Activation.GeluTanh:
                ElementLoops.Map<UnaryFunctions.GeluTanh>(y, y, count);
                break;
            case Activation.Silu:
                ElementLoops.Map<UnaryFunctions.Silu>(y, y, count);
                break;
            case Activation.Tanh:
                ElementLoops.Map<UnaryFunctions.Tanh>(y, y, count);
                break;
            case Activation.Sigmoid:
                ElementLoops.Map<UnaryFunctions.Sigmoid>(y, y, count);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, "unknown activation");
        }
    }
}
