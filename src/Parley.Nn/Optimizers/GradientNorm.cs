using Parley.Tensors;

namespace Parley.Nn;

/// <summary>The length of all gradients together.</summary>
public static class GradientNorm
{
    /// <summary>√ Σ g² over all gradients; NaN or infinite when any of them is.</summary>
    public static double Of(IReadOnlyList<TrainedParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        double sum = 0;
        foreach (var parameter in parameters)
        {
            sum += SquareOf(parameter.Gradient);
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Scales gradients whose common norm is above <paramref name="most"/> down to it (Pascanu et al. 2013); returns the norm before.</summary>
    /// <remarks>As <c>torch.nn.utils.clip_grad_norm_</c>, its 1e-6 in the divisor among it.</remarks>
    public static double Clip(IReadOnlyList<TrainedParameter> parameters, double most)
    {
        var norm = Of(parameters);
        if (most / (norm + 1e-6) is < 1 and var scale)
        {
            foreach (var parameter in parameters)
            {
                Scale(parameter.Gradient, (float)scale);
            }
        }

        return norm;
    }

    internal static double SquareOf(Tensor gradient)
    {
        using var scope = new TensorScope();
        return gradient.Square().Sum().Scalar;
    }

    private static void Scale(Tensor gradient, float factor) => Tensor.Update([gradient], p =>
    {
        foreach (ref var value in p[0])
        {
            value *= factor;
        }
    });
}
