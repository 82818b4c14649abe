namespace Parley.Training;

/// <summary>The processes that train one model together: each hears its own batches, and what they have learnt is added up.</summary>
/// <remarks>All processes call the same methods in the same order; a call returns when all have made it.</remarks>
public interface ICollective : IDisposable
{
    /// <summary>Number of this process, from 0; the first one writes files and messages.</summary>
    int Rank { get; }

    /// <summary>Number of processes.</summary>
    int Count { get; }

    /// <summary>Replaces each value by its sum over all processes, the same on all of them.</summary>
    void Sum(Span<float> values);

    /// <summary>Replaces each value by its sum over all processes, the same on all of them.</summary>
    void Sum(Span<double> values);

    /// <summary>Waits until all processes are here.</summary>
    void Wait();

    /// <summary>Ends all processes, because this one cannot go on.</summary>
    void Abort();
}
