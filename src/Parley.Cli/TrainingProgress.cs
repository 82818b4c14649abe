using Parley.Training;

namespace Parley.Cli;

/// <summary>Shows how a training run goes: a line that is redrawn for steps, lines that stay for validations.</summary>
internal sealed class TrainingProgress(Terminal terminal, int steps) : ITrainingObserver
{
    private readonly StatusLine _status = new(terminal);

    public void Stepped(StepReport r) => _status.Show(FormattableString.Invariant(
        $"step {r.Step}/{steps}  epoch {r.Epoch}  loss {r.Loss:0.0000}  rate {r.Rate:0.00e0}  {r.Speed:0.0} s of audio a second  {Left(r.TimeLeft)} left"));

    public void Validated(ValidationReport r)
    {
        Clear();
        terminal.Error.WriteLine(FormattableString.Invariant(
            $"step {r.Step}  {Path.GetFileName(r.Manifest)}: word error rate {100 * r.WordErrorRate:0.00} %, character error rate {100 * r.CharacterErrorRate:0.00} % on {r.Utterances} utterances{(r.IsBest ? "  (best so far)" : "")}"));
        foreach (var (reference, hypothesis) in r.Samples)
        {
            terminal.Error.WriteLine($"    said        {Failure.OneLine(reference)}");
            terminal.Error.WriteLine($"    recognised  {Failure.OneLine(hypothesis)}");
        }
    }

    public void Told(string message)
    {
        Clear();
        terminal.Error.WriteLine(message);
    }

    public void Clear() => _status.Clear();

    private static string Left(TimeSpan time) => time.TotalHours >= 1
        ? FormattableString.Invariant($"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
        : FormattableString.Invariant($"{time.Minutes}:{time.Seconds:00}");
}
