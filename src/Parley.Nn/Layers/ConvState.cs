using Parley.Tensors;

namespace Parley.Nn;

/// <summary>The inputs of a <see cref="CausalConv1d"/> that outputs to come still see. One stream, one state; it is changed by every step.</summary>
public sealed class ConvState : IDisposable
{
    internal ConvState(int batch, int channels, int steps, Backend backend)
    {
        Past = steps == 0 ? null : Tensor.Allocate([batch, channels, steps], backend);
        Reset();
    }

    /// <summary>[batch, inChannels, kernel − stride]; null when nothing is remembered.</summary>
    internal Tensor? Past { get; }

    /// <summary>Silence before the stream.</summary>
    public void Reset() => Past?.Fill(values => values.Clear());

    /// <inheritdoc/>
    public void Dispose() => Past?.Dispose();
}
