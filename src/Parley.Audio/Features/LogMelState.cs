using System.Numerics;

namespace Parley.Audio;

/// <summary>What <see cref="StreamingLogMel"/> remembers of a stream: the samples that frames to come still see.</summary>
public sealed class LogMelState
{
    private readonly int _before;

    internal LogMelState(int before, Stft.Workspace work, Vector<float>[] mels)
    {
        (_before, Work, Mels) = (before, work, mels);
        Kept = new float[before];
    }

    /// <summary>Emphasised samples from the beginning of the next frame on.</summary>
    internal float[] Kept { get; set; }

    /// <summary>The last sample.</summary>
    internal float Last { get; set; }

    internal Stft.Workspace Work { get; }

    internal Vector<float>[] Mels { get; }

    /// <summary>Forgets the stream.</summary>
    public void Reset() => (Kept, Last) = (new float[_before], 0);
}
