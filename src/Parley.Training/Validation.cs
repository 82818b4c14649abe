using Parley.Tensors;
using Parley.Text;

namespace Parley.Training;

/// <summary>Error rates of the model as it is.</summary>
internal static class Validation
{
    private const int Samples = 5;

    /// <summary>Each process transcribes its share; the counts are those of all, the samples those of the first.</summary>
    internal static ValidationReport Run(
        Func<ReadOnlyMemory<float>, string> transcribe, int sampleRate, string manifest, IReadOnlyList<ManifestEntry> entries, long step, ICollective processes, CancellationToken cancel)
    {
        using var pause = Autograd.Pause();
        var (words, characters) = (default(EditCounts), default(EditCounts));
        List<(string Reference, string Hypothesis, long Errors)> all = [];
        foreach (var entry in entries.Where((_, i) => i % processes.Count == processes.Rank))
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = new TensorScope();
            var hypothesis = transcribe(ExampleLoader.Read(entry, sampleRate, cancel)).Trim();
            var errors = ErrorRate.Words(entry.Text, hypothesis);
            words += errors;
            characters += ErrorRate.Characters(entry.Text, hypothesis);
            all.Add((entry.Text, hypothesis, errors.Errors));
        }

        (words, characters) = (Sum(words, processes), Sum(characters, processes));

        // Those with most errors teach most; one that is right shows that something works.
        var shown = all.OrderByDescending(a => a.Errors).Take(Samples - 1).Concat(all.Where(a => a.Errors == 0).Take(1)).Select(a => (a.Reference, a.Hypothesis));
        return new ValidationReport(step, manifest, words.Rate, characters.Rate, entries.Count, [.. shown], IsBest: false);
    }
    private static EditCounts Sum(EditCounts counts, ICollective processes)
    {
        double[] all = [counts.Substitutions, counts.Insertions, counts.Deletions, counts.Length];
        processes.Sum(all);
        return new EditCounts((long)all[0], (long)all[1], (long)all[2], (long)all[3]);
    }
}
