using System.Numerics;
using System.Runtime.InteropServices;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Adam (Kingma and Ba 2015, arXiv 1412.6980) and AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101).</summary>
/// <remarks>As <c>torch.optim.Adam</c> and <c>AdamW</c>: bias-corrected moments, ε outside the corrected root.</remarks>
/// <param name="beta1">Decay of the first moment.</param>
/// <param name="beta2">Decay of the second.</param>
/// <param name="epsilon">Added to the root of the second moment.</param>
/// <param name="weightDecay">Pull towards zero.</param>
/// <param name="decoupled">AdamW: the pull acts on the parameter (times the rate), not through the gradient.</param>
public sealed class Adam(float beta1 = 0.9f, float beta2 = 0.999f, float epsilon = 1e-8f, float weightDecay = 0, bool decoupled = true) : Optimizer
{
    /// <inheritdoc/>
    protected override void Update(TrainedParameter parameter, double rate)
    {
        var (first, second) = (Remembered("first", parameter), Remembered("second", parameter));
        var decay = parameter.Decays ? weightDecay : 0f;
        var step = (float)(rate / (1 - Math.Pow(beta1, Steps)));
        var correction = (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, Steps)));
        var (shrink, coupled) = decoupled ? ((float)(1 - (rate * decay)), 0f) : (1f, decay);
        Tensor.Update([parameter.Value, parameter.Gradient, first, second], p => Step(p[0], p[1], p[2], p[3], step, correction, shrink, coupled));
    }

    private void Step(Span<float> w, Span<float> g, Span<float> first, Span<float> second, float step, float correction, float shrink, float coupled)
    {
        var ws = Lanes(w);
        var gs = Lanes(g);
        var ms = Lanes(first);
        var vs = Lanes(second);
        var i = 0;
        for (; i < ws.Length; i++)
        {
            var gradient = gs[i] + (ws[i] * coupled);
            ms[i] = (ms[i] * beta1) + (gradient * (1 - beta1));
            vs[i] = (vs[i] * beta2) + (gradient * gradient * (1 - beta2));
            ws[i] = (ws[i] * shrink) - (ms[i] * step / ((Vector.SquareRoot(vs[i]) * correction) + new Vector<float>(epsilon)));
        }

        for (i *= Vector<float>.Count; i < w.Length; i++)
        {
            var gradient = g[i] + (w[i] * coupled);
            first[i] = (first[i] * beta1) + (gradient * (1 - beta1));
            second[i] = (second[i] * beta2) + (gradient * gradient * (1 - beta2));
            w[i] = (w[i] * shrink) - (first[i] * step / ((MathF.Sqrt(second[i]) * correction) + epsilon));
        }
    }

    private static Span<Vector<float>> Lanes(Span<float> values) => MemoryMarshal.Cast<float, Vector<float>>(values);
}
