using Parley.Tensors;
using Parley.Text;

namespace Parley.Training;

/// <summary>Error rates of the model as it is.</summary>
internal static class Validation
{
    private const int Samples = 5;

    internal static ValidationReport Run(ITrainingTask task, string manifest, IReadOnlyList<ManifestEntry> entries, long step, CancellationToken cancel)
    {
        using var pause = Autograd.Pause();
        var (words, characters) = (default(EditCounts), default(EditCounts));
        List<(string Reference, string Hypothesis, long Errors)> all = [];
        foreach (var entry in entries)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = new TensorScope();
            var hypothesis = task.Transcribe(ExampleLoader.Read(entry, task.SampleRate, cancel)).Trim();
            var errors = ErrorRate.Words(entry.Text, hypothesis);
            words += errors;
            characters += ErrorRate.Characters(entry.Text, hypothesis);
            all.Add((entry.Text, hypothesis, errors.Errors));
        }

        // Those with most errors teach most; one that is right shows that something works.
        var shown = all.OrderByDescending(a => a.Errors).Take(Samples - 1).Concat(all.Where(a => a.Errors == 0).Take(1)).Select(a => (a.Reference, a.Hypothesis));
        return new ValidationReport(step, manifest, words.Rate, characters.Rate, entries.Count, [.. shown], IsBest: false);
    }
}
