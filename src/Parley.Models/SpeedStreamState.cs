using Parley.Nn;

namespace Parley.Models;

/// <summary>What a stream remembers: inputs that the convolutions still see, keys and values within reach of attention. Its size is fixed.</summary>
public sealed class SpeedStreamState : IDisposable
{
    internal SpeedStreamState(
        SpeedStreamConfig config, int batch, int mostSteps, (ConvState First, ConvState Second) stem, (KeyRing Keys, ConvState Convolution)[] layers)
    {
        (Batch, MostSteps, Stem, Layers) = (batch, mostSteps, stem, layers);
        Capacity = SpeedStreamWindow.Capacity(mostSteps, config);
    }

    /// <summary>Streams side by side.</summary>
    public int Batch { get; }

    /// <summary>Steps of the encoder so far.</summary>
    public long Steps { get; internal set; }

    /// <summary>Most steps of the encoder at once.</summary>
    internal int MostSteps { get; }

    /// <summary>Slots of the rings.</summary>
    internal int Capacity { get; }

    internal (ConvState First, ConvState Second) Stem { get; }

    internal (KeyRing Keys, ConvState Convolution)[] Layers { get; }

    /// <summary>Forgets the streams: what comes next is the beginning of others.</summary>
    public void Reset()
    {
        // Rings need no clearing: nothing that was before step 0 is in sight.
        Steps = 0;
        Stem.First.Reset();
        Stem.Second.Reset();
        foreach (var layer in Layers)
        {
            layer.Convolution.Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stem.First.Dispose();
        Stem.Second.Dispose();
        foreach (var layer in Layers)
        {
            layer.Keys.Dispose();
            layer.Convolution.Dispose();
        }
    }
}
