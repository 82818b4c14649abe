namespace Parley.Decoding.Tests;

/// <summary>What language adds to a whole text, read off the text itself.</summary>
internal static class FusionTwin
{
    public static double Score(string text, FusionOptions options)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var allowed = options.Lexicon?.Concat((options.Hotwords ?? []).SelectMany(h => h.Text.Split(' '))).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (allowed is not null && !words.All(allowed.Contains))
        {
            return double.NegativeInfinity;
        }

        var sum = words.Length * options.WordBonus;
        if (options.LanguageModel is { } model)
        {
            var hot = (options.Hotwords ?? []).SelectMany(h => h.Text.Split(' ')).ToHashSet(StringComparer.OrdinalIgnoreCase);
            sum += options.LmWeight * Math.Log(10) * model.ScoreSentence(string.Join(' ', words));
            sum -= options.Lexicon is null ? options.UnknownPenalty * words.Count(w => model.Id(w) == model.Unknown && !hot.Contains(w)) : 0;
        }

        // Spaces are shared between neighbours, so occurrences are counted at every place.
        var line = $" {string.Join(' ', words).ToLowerInvariant()} ";
        return sum + (options.Hotwords ?? []).Sum(h => h.Weight * Enumerable.Range(0, line.Length).Count(i => string.CompareOrdinal(line, i, $" {h.Text.ToLowerInvariant()} ", 0, h.Text.Length + 2) == 0));
    }

    /// <summary>A model in which "ab", "a" and "b" are known and "ba" is not.</summary>
    public static NGramModel Model { get; } = KneserNeyTests.Train(["ab a", "ab b a", "a ab", "b", "ab ab a"], new KneserNeyOptions(3));

    /// <summary>Everything a search may know of language, in many combinations.</summary>
    public static FusionOptions[] All { get; } =
    [
        new(),
        new(WordBonus: 0.7),
        new(Model, LmWeight: 0.8, WordBonus: 0.5),
        new(Hotwords: [new Hotword("ab", 1.5)]),
        new(Hotwords: [new Hotword("AB a", 3), new Hotword("b", 0.5), new Hotword("ab b", 2), new Hotword("ba", -1)]),
        new(Model, LmWeight: 0.5, Hotwords: [new Hotword("ba", 2), new Hotword("a a", 1)]),
        new(Model, LmWeight: 0.5, UnknownPenalty: 2),
        new(Model, LmWeight: 0.5, Hotwords: [new Hotword("ba", 2), new Hotword("bb a", 1)], UnknownPenalty: 1.5),
        new(Lexicon: ["ab", "bab"]),
        new(Model, Lexicon: ["ab", "a", "bb"], Hotwords: [new Hotword("ba", 1)]),
    ];
}
