using System.Collections.Frozen;

namespace Parley.Text;

/// <summary>How words are pronounced: a word and its phones on each line, other pronunciations as <c>word(2)</c>.</summary>
/// <remarks>The format of the CMU pronouncing dictionary; stress digits (AH0) are dropped, lines that start with ;;; or # are comments.</remarks>
public sealed class PronunciationDictionary
{
    private readonly FrozenDictionary<string, string[][]> _words;

    private PronunciationDictionary(FrozenDictionary<string, string[][]> words) => _words = words;

    /// <summary>Words that it has.</summary>
    public int Count => _words.Count;

    /// <summary>Pronunciations of a word in lower case, each a list of phones; empty when the word is not in the dictionary.</summary>
    public IReadOnlyList<IReadOnlyList<string>> this[string word] => _words.TryGetValue(word, out var found) ? found : [];

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">A line is not a word with phones; the message has its number.</exception>
    public static PronunciationDictionary Load(string path)
    {
        using var reader = File.OpenText(path);
        return Read(reader, path);
    }

    /// <summary>Reads lines; the name is used in messages.</summary>
    public static PronunciationDictionary Read(TextReader reader, string name)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var words = new Dictionary<string, List<string[]>>(StringComparer.Ordinal);
        var number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (line.StartsWith(";;;", StringComparison.Ordinal) || line.StartsWith('#') || string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            var parts = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length < 2)
            {
                throw new InvalidDataException($"{name}:{number}: \"{line}\" is not a word with its phones");
            }

            var word = Bare(parts[0]).ToLowerInvariant();
            var phones = parts[1..].TakeWhile(p => p != "#").Select(p => p.TrimEnd('0', '1', '2')).ToArray();
            if (!words.TryGetValue(word, out var known))
            {
                words[word] = known = [];
            }

            if (!known.Any(k => k.SequenceEqual(phones)))
            {
                known.Add(phones);
            }
        }

        return new PronunciationDictionary(words.ToFrozenDictionary(w => w.Key, w => w.Value.ToArray(), StringComparer.Ordinal));
    }

    // "read(2)" is the second pronunciation of "read".
    private static string Bare(string word) =>
        word.Length > 3 && word[^1] == ')' && word.LastIndexOf('(') is var open and > 0 && !word.AsSpan(open + 1, word.Length - open - 2).ContainsAnyExceptInRange('0', '9')
            ? word[..open]
            : word;
}
