using Parley.Tensors;

namespace Parley.Nn;

/// <summary>NovoGrad (Ginsburg et al. 2019, arXiv 1905.11286): the second moment is one number for each parameter, the squared norm of its gradient.</summary>
/// <remarks>
/// v₁ = ‖g₁‖², v = β₂ v + (1 − β₂) ‖g‖²; m = β₁ m + (g / (√v + ε) + decay w); w −= rate m. ε beside the root and the first v as in Jasper's
/// released optimiser (NVIDIA/DeepLearningExamples:PyTorch/SpeechRecognition/Jasper/common/optimizers.py).
/// </remarks>
/// <param name="beta1">Decay of the first moment.</param>
/// <param name="beta2">Decay of the second; 0, 0.25 and 0.98 are in published recipes.</param>
/// <param name="epsilon">Added to the root of the second moment.</param>
/// <param name="weightDecay">Pull towards zero, part of the first moment.</param>
/// <param name="averages">Scales what enters the first moment by 1 − β₁.</param>
public sealed class NovoGrad(float beta1 = 0.95f, float beta2 = 0.98f, float epsilon = 1e-8f, float weightDecay = 0, bool averages = false) : Optimizer
{
    /// <inheritdoc/>
    protected override void Update(TrainedParameter parameter, double rate)
    {
        var (first, backend) = (Remembered("first", parameter), parameter.Value.Backend);
        var second = Remembered("second", parameter.Name, [], backend, out var isNew);
        var square = GradientNorm.SquareOf(parameter.Gradient);
        var moment = isNew ? square : (beta2 * (double)second.Scalar) + ((1 - beta2) * square);
        second.Fill([(float)moment]);
        var scale = (float)(1 / (Math.Sqrt(moment) + epsilon));
        var (decay, share) = (parameter.Decays ? weightDecay : 0f, averages ? 1 - beta1 : 1f);
        Tensor.Update([parameter.Value, parameter.Gradient, first], p => Step(p[0], p[1], p[2], scale, decay, share, (float)rate));
    }

    private void Step(Span<float> w, Span<float> g, Span<float> first, float scale, float decay, float share, float rate)
    {
        for (var i = 0; i < w.Length; i++)
        {
            first[i] = (beta1 * first[i]) + (share * ((g[i] * scale) + (decay * w[i])));
            w[i] -= rate * first[i];
        }
    }
}
