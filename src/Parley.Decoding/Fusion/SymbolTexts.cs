using Parley.Text;

namespace Parley.Decoding;

/// <summary>What a model's symbols spell: letters, pieces of words, or nothing. A space begins a word.</summary>
public sealed class SymbolTexts
{
    /// <summary>Takes the text of each symbol.</summary>
    /// <param name="texts">By id; <c>" "</c> stands between words, <c>" the"</c> begins one, <c>""</c> says nothing.</param>
    public SymbolTexts(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        for (var id = 0; id < texts.Count; id++)
        {
            if (texts[id].LastIndexOf(' ') > 0)
            {
                throw new ArgumentException($"symbol {id} is \"{texts[id]}\"; a space is possible as its first character only");
            }
        }

        Letters = [.. texts.Select(t => t.TrimStart(' '))];
        BeginsWord = [.. texts.Select(t => t.StartsWith(' '))];
    }

    /// <summary>Symbols.</summary>
    public int Count => Letters.Length;

    /// <summary>A symbol as it is shown: its characters, or ▁ for a space alone.</summary>
    public string Written(int symbol) => Letters[symbol] is { Length: > 0 } letters ? letters : BeginsWord[symbol] ? "\u2581" : "";

    /// <summary>The characters of each symbol, without the space.</summary>
    internal string[] Letters { get; }

    /// <summary>Whether each symbol ends the word before it.</summary>
    internal bool[] BeginsWord { get; }

    /// <summary>The texts of a CTC model's characters.</summary>
    /// <param name="vocabulary">Its vocabulary.</param>
    /// <param name="symbols">Scores per frame; those beyond the vocabulary say nothing. Null: as many as the vocabulary has.</param>
    public static SymbolTexts Of(CtcVocabulary vocabulary, int? symbols = null)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        return new SymbolTexts([.. Enumerable.Range(0, symbols ?? vocabulary.Size).Select(id => vocabulary.IsDelimiter(id) ? " " : id == vocabulary.Blank ? "" : vocabulary.Spell([id]))]);
    }

    /// <summary>The words that symbols spell, each with the places of its symbols; symbols between words belong to none.</summary>
    public IReadOnlyList<SpelledWord> Words(IReadOnlyList<int> symbols)
    {
        ArgumentNullException.ThrowIfNull(symbols);
        var words = new List<SpelledWord>();
        var isOpen = false;
        for (var i = 0; i < symbols.Count; i++)
        {
            isOpen &= !BeginsWord[symbols[i]];
            if (Letters[symbols[i]].Length == 0)
            {
                continue;
            }

            if (isOpen)
            {
                words[^1] = words[^1] with { Text = words[^1].Text + Letters[symbols[i]], End = i + 1 };
            }
            else
            {
                words.Add(new SpelledWord(Letters[symbols[i]], i, i + 1));
                isOpen = true;
            }
        }

        return words;
    }
}
