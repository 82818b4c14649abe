using Parley.Text;

namespace Parley.Models;

/// <summary>Makes the units and the vocabulary of a new model from the words of its recordings.</summary>
internal static class HmmLexicon
{
    public const string Silence = "SIL";

    /// <summary>Units, with silence as the first, and words, in alphabetical order.</summary>
    /// <param name="words">Each word, and the first recording that has it.</param>
    /// <param name="options">What there are models of.</param>
    public static (IReadOnlyList<HmmUnit> Units, IReadOnlyList<HmmWord> Words) Make(IReadOnlyDictionary<string, string> words, HmmGmmTrainingOptions options)
    {
        List<HmmUnit> units = [new HmmUnit(Silence, options.SilenceStates)];
        List<HmmWord> entries = [];
        var shared = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (word, where) in words.OrderBy(w => w.Key, StringComparer.Ordinal))
        {
            switch (options.Units)
            {
                case HmmUnitKind.Words:
                    entries.Add(new HmmWord(word, [units.Count]));
                    units.Add(new HmmUnit(word, options.WordStates));
                    break;
                case HmmUnitKind.WordPhones:
                    var own = Find(options.Dictionary!, word, where)[0];
                    entries.Add(new HmmWord(word, [.. Enumerable.Range(units.Count, own.Count)]));
                    units.AddRange(own.Select(phone => new HmmUnit(phone, options.PhoneStates)));
                    break;
                default:
                    foreach (var phones in Find(options.Dictionary!, word, where))
                    {
                        entries.Add(new HmmWord(word, [.. phones.Select(Shared)]));
                    }

                    break;
            }
        }

        return (units, entries);

        int Shared(string phone)
        {
            if (!shared.TryGetValue(phone, out var unit))
            {
                shared[phone] = unit = units.Count;
                units.Add(new HmmUnit(phone, options.PhoneStates));
            }

            return unit;
        }
    }

    private static IReadOnlyList<IReadOnlyList<string>> Find(PronunciationDictionary dictionary, string word, string where) =>
        dictionary[word] is { Count: > 0 } found ? found : throw new InvalidDataException($"{where}: the dictionary has no pronunciation of \"{word}\"");
}
