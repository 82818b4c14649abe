namespace Parley.Models;

/// <summary>How a model's frames follow from samples.</summary>
internal interface ICtcRate
{
    /// <summary>Samples from one frame to the next.</summary>
    int SamplesPerFrame { get; }

    /// <summary>Fewest samples that give a frame.</summary>
    int ReceptiveField { get; }

    /// <summary>Frames that so many samples give.</summary>
    int FramesOf(int samples);
}

/// <summary>Frames of a Conformer: whole hops of the front end, then the subsampling.</summary>
internal sealed record ConformerRate(ConformerConfig Config, int Hop) : ICtcRate
{
    public int SamplesPerFrame => Hop * Config.SubsamplingFactor;

    public int ReceptiveField => Hop;

    public int FramesOf(int samples) => Config.FramesOf(samples / Hop);
}
