namespace Parley.Training;

/// <summary>The utterances of a run, checked before the first step.</summary>
internal sealed record TrainingData(IReadOnlyList<ManifestEntry> Train, IReadOnlyList<(string Manifest, IReadOnlyList<ManifestEntry> Entries)> Validation)
{
    /// <summary>Reads and checks all manifests; <paramref name="check"/> throws on a text that the model cannot learn.</summary>
    internal static TrainingData Load(TrainingConfig config, Action<string> check, ITrainingObserver observer)
    {
        var skipped = 0;
        List<ManifestEntry> train = [];
        foreach (var entry in config.Data.Train.SelectMany(m => ManifestEntry.Read(m)))
        {
            if (Fits(entry, config.Data))
            {
                Check(entry, check);
                train.Add(entry);
            }
            else
            {
                skipped++;
            }
        }

        if (skipped > 0)
        {
            observer.Told($"{skipped} utterances outside {config.Data.MinSeconds} to {config.Data.MaxSeconds} s are left out");
        }

        if (train.Count == 0)
        {
            throw new InvalidDataException($"{config.Data.Train[0]}: no utterance is between {config.Data.MinSeconds} and {config.Data.MaxSeconds} s long");
        }

        List<(string, IReadOnlyList<ManifestEntry>)> validation = [];
        foreach (var manifest in config.Data.Validation ?? [])
        {
            var entries = ManifestEntry.Read(manifest);
            entries = config.Data.ValidationLimit > 0 ? [.. entries.Take(config.Data.ValidationLimit)] : entries;
            foreach (var entry in entries)
            {
                CheckFile(entry);
            }

            validation.Add((manifest, entries));
        }

        observer.Told($"{train.Count} utterances, {train.Sum(e => e.Duration!.Value) / 3600:0.00} hours");
        return new TrainingData(train, validation);
    }

    private static bool Fits(ManifestEntry entry, DataSettings data)
    {
        if (entry.Duration is not { } seconds)
        {
            throw new InvalidDataException($"{entry.Where}: no \"duration\"; batches are made by length, so training needs it in seconds");
        }

        if (seconds >= data.MinSeconds && seconds <= data.MaxSeconds && seconds > 0)
        {
            return true;
        }

        return data.Outside == OutsideLengths.Skip
            ? false
            : throw new InvalidDataException(
                FormattableString.Invariant($"{entry.Where}: {seconds} s is outside {data.MinSeconds} to {data.MaxSeconds} s; change data.minSeconds and data.maxSeconds, or set data.outside to \"skip\""));
    }

    private static void Check(ManifestEntry entry, Action<string> check)
    {
        CheckFile(entry);
        try
        {
            check(entry.Text);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{entry.Where}: {e.Message}", e);
        }
    }

    private static void CheckFile(ManifestEntry entry)
    {
        if (!File.Exists(entry.Audio))
        {
            throw new FileNotFoundException($"{entry.Where}: {entry.Audio}: no such file");
        }
    }
}
