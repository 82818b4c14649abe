namespace Parley.Training;

/// <summary>A run from its configuration to its model; making one checks configuration and data.</summary>
public interface ITrainingRun : IDisposable
{
    /// <summary>Where the finished model is, or the best so far.</summary>
    string ModelFolder { get; }

    /// <summary>Trains to the last step.</summary>
    /// <param name="resume">Go on from the newest checkpoint in the output folder, if there is one.</param>
    /// <param name="cancel">Stops after the step at hand, which a checkpoint keeps.</param>
    void Run(bool resume, CancellationToken cancel = default);
}
