namespace Parley.Hub;

/// <summary>Which files of a published model Parley needs.</summary>
internal static class HubFiles
{
    private static readonly string[] Wanted = [".json", ".txt", ".model", ".tiktoken", ".jsonl", ".spm"];

    /// <summary>The needed ones: settings, tokenizers, and one kind of weights.</summary>
    public static List<string> Choose(IReadOnlyCollection<string> names)
    {
        var safetensors = Weights(names, ".safetensors", "model.safetensors");
        string[] weights = safetensors.Length > 0 ? safetensors : Weights(names, ".bin", "pytorch_model.bin");
        if (weights.Length == 0)
        {
            weights = [.. names.Where(n => IsTop(n) && (Ends(n, ".pt") || Ends(n, ".pth") || Ends(n, ".nemo")))];
        }

        return [.. names.Where(n => IsTop(n) && IsSetting(n)).Concat(weights).Distinct().Order(StringComparer.Ordinal)];
    }

    private static bool IsSetting(string name) =>
        Wanted.Any(end => Ends(name, end)) && !name.EndsWith(".index.json", StringComparison.Ordinal)
        && name is not ("training_args.json" or "trainer_state.json" or "flax_model.json");

    // The one file when it is there, else its shards with their index, else whatever top-level files of the kind there are.
    private static string[] Weights(IReadOnlyCollection<string> names, string end, string whole)
    {
        if (names.Contains(whole))
        {
            return [whole];
        }

        var stem = Path.GetFileNameWithoutExtension(whole);
        var index = whole + ".index.json";
        return names.Contains(index)
            ? [index, .. names.Where(n => IsTop(n) && n.StartsWith(stem + "-", StringComparison.Ordinal) && Ends(n, end))]
            : [.. names.Where(n => IsTop(n) && Ends(n, end) && n is not ("training_args.bin" or "optimizer.bin" or "scheduler.bin"))];
    }

    private static bool IsTop(string name) => !name.Contains('/');

    private static bool Ends(string name, string end) => name.EndsWith(end, StringComparison.Ordinal);
}
