using System.Numerics;
using System.Runtime.InteropServices;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Stochastic gradient descent, with momentum and Nesterov's form of it (Sutskever et al. 2013).</summary>
/// <remarks>As <c>torch.optim.SGD</c> without dampening: weight decay is part of the gradient, and the first momentum is the first gradient.</remarks>
public sealed class Sgd(float momentum = 0, bool nesterov = false, float weightDecay = 0) : Optimizer
{
    /// <inheritdoc/>
    protected override void Update(TrainedParameter parameter, double rate)
    {
        var decay = parameter.Decays ? weightDecay : 0f;
        if (momentum == 0)
        {
            Tensor.Update([parameter.Value, parameter.Gradient], p => Plain(p[0], p[1], (float)rate, decay));
            return;
        }

        var velocity = Remembered("velocity", parameter);
        Tensor.Update([parameter.Value, parameter.Gradient, velocity], p => Momentum(p[0], p[1], p[2], (float)rate, decay));
    }

    private static void Plain(Span<float> w, Span<float> g, float rate, float decay)
    {
        for (var i = 0; i < w.Length; i++)
        {
            w[i] -= rate * (g[i] + (decay * w[i]));
        }
    }

    private void Momentum(Span<float> w, Span<float> g, Span<float> velocity, float rate, float decay)
    {
        // Zeros before the first step make its momentum the gradient itself.
        var i = 0;
        var ws = Lanes(w);
        var gs = Lanes(g);
        var vs = Lanes(velocity);
        for (; i < ws.Length; i++)
        {
            var gradient = gs[i] + (ws[i] * decay);
            vs[i] = (vs[i] * momentum) + gradient;
            ws[i] -= (nesterov ? gradient + (vs[i] * momentum) : vs[i]) * rate;
        }

        for (i *= Vector<float>.Count; i < w.Length; i++)
        {
            var gradient = g[i] + (decay * w[i]);
            velocity[i] = (momentum * velocity[i]) + gradient;
            w[i] -= rate * (nesterov ? gradient + (momentum * velocity[i]) : velocity[i]);
        }
    }

    private static Span<Vector<float>> Lanes(Span<float> values) => MemoryMarshal.Cast<float, Vector<float>>(values);
}
