namespace Parley.Training.Tests;

/// <summary>Hears nothing of a run but what a test asks for.</summary>
internal sealed class Silent(Action<StepReport>? onStep = null) : ITrainingObserver
{
    public List<string> Messages { get; } = [];

    public void Stepped(StepReport report) => onStep?.Invoke(report);

    public void Validated(ValidationReport report)
    {
    }

    public void Told(string message) => Messages.Add(message);
}
