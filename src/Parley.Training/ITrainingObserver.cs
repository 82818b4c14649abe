namespace Parley.Training;

/// <summary>One step of the optimiser.</summary>
/// <param name="Step">Steps taken, this one among them.</param>
/// <param name="Epoch">Pass over the data, from 0.</param>
/// <param name="Loss">Mean loss of its batches.</param>
/// <param name="Rate">Learning rate.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="AudioSeconds">Seconds of audio in its batches.</param>
/// <param name="Speed">Seconds of audio per second, lately.</param>
/// <param name="TimeLeft">At this speed.</param>
public sealed record StepReport(long Step, int Epoch, double Loss, double Rate, double GradientNorm, double AudioSeconds, double Speed, TimeSpan TimeLeft);

/// <summary>Error rates on one validation manifest.</summary>
/// <param name="Step">Steps taken.</param>
/// <param name="Manifest">File.</param>
/// <param name="WordErrorRate">Fraction.</param>
/// <param name="CharacterErrorRate">Fraction.</param>
/// <param name="Utterances">How many were transcribed.</param>
/// <param name="Samples">Some references with what was recognised.</param>
/// <param name="IsBest">Whether this is the best of the run on the first manifest.</param>
public sealed record ValidationReport(
    long Step, string Manifest, double WordErrorRate, double CharacterErrorRate, int Utterances, IReadOnlyList<(string Reference, string Hypothesis)> Samples, bool IsBest);

/// <summary>Told how a run goes.</summary>
public interface ITrainingObserver
{
    /// <summary>A step was taken.</summary>
    void Stepped(StepReport report);

    /// <summary>A validation manifest was transcribed.</summary>
    void Validated(ValidationReport report);

    /// <summary>Anything else worth a line.</summary>
    void Told(string message);
}
