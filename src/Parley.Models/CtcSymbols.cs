using System.Text.Json;
using Parley.Decoding;
using Parley.Nn;
using Parley.Text;

namespace Parley.Models;

/// <summary>What the symbols of a Conformer spell: pieces of words, or characters.</summary>
/// <param name="Words">Cuts a reading into words.</param>
/// <param name="Spell">The text of symbols.</param>
/// <param name="Count">Symbols with the blank.</param>
/// <param name="Text">The text of one, a space first where it begins a word.</param>
internal sealed record CtcSymbols(Func<IReadOnlyList<CtcToken>, IReadOnlyList<CtcWord>> Words, Func<IEnumerable<int>, string> Spell, int Count, Func<int, string> Text)
{
    private readonly Lazy<SymbolTexts> _texts = new(() => new SymbolTexts([.. Enumerable.Range(0, Count).Select(Text)]));

    private const string Blank = "<blank>";

    /// <summary>What searches with a language model see.</summary>
    public SymbolTexts Texts => _texts.Value;

    /// <summary>The pieces of a folder's <c>tokenizer.json</c>: those of its model, BPE or Unigram, and those that were added.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="count">Symbols that the model scores, the blank among them.</param>
    /// <param name="blank">Id of the blank.</param>
    public static CtcSymbols FromTokenizerJson(ModelFolder folder, int count, int blank)
    {
        using var json = folder.Json("tokenizer.json");
        var root = new NemoNode(json.RootElement, folder["tokenizer.json"]);
        var vocabulary = root["model"].Json.TryGetProperty("vocab", out var found) ? found : throw root.Bad("model.vocab", "is missing");
        var pieces = new SortedDictionary<int, string>();
        if (vocabulary.ValueKind == JsonValueKind.Array)
        {
            foreach (var entry in vocabulary.EnumerateArray())
            {
                pieces[pieces.Count] = entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() == 2 && entry[0].ValueKind == JsonValueKind.String ? entry[0].GetString()! : throw root.Bad("model.vocab", "holds an entry that is no [piece, score]");
            }
        }
        else if (vocabulary.ValueKind == JsonValueKind.Object)
        {
            foreach (var entry in vocabulary.EnumerateObject())
            {
                pieces[Id(root, entry.Value)] = entry.Name;
            }
        }

        var silent = new List<int> { blank };
        foreach (var added in root.Has("added_tokens") ? root.List("added_tokens") : [])
        {
            var token = new NemoNode(added, $"{root.Where}: added_tokens");
            var id = Id(root, added.TryGetProperty("id", out var value) ? value : default);
            pieces[id] = token.Text("content") ?? throw token.Bad("content", "is missing");
            silent.AddRange(token.Flag("special", false) ? [id] : []);
        }

        var texts = new string[pieces.Count == 0 ? throw root.Bad("model.vocab", "is empty") : pieces.Keys.Max() + 1];
        Array.Fill(texts, "");
        foreach (var (id, piece) in pieces)
        {
            texts[id] = piece;
        }

        return Of(new PieceVocabulary(texts, silent), count);
    }

    /// <summary>The symbols of a NeMo model: its SentencePiece model or list of word pieces, else characters.</summary>
    public static CtcSymbols FromNemo(NemoConfig config, Checkpoint archive)
    {
        if (config.TokenizerType is null)
        {
            var characters = new CtcVocabulary([.. config.Symbols, Blank], new CtcVocabularySettings(Delimiter: " ", Pad: Blank));
            return new CtcSymbols(tokens => CtcWord.Split(tokens, characters.IsDelimiter), characters.Spell, characters.Size, id => id == characters.Blank ? "" : characters.Spell([id]));
        }

        if (config.TokenizerType == "wpe")
        {
            return Of(PieceVocabulary.FromWordPieces(config.Symbols), config.Symbols.Count + 1);
        }

        if (config.TokenizerType != "bpe" || config.TokenizerFile is not { } name)
        {
            throw new InvalidDataException($"{archive.Path}: tokenizer type \"{config.TokenizerType}\"; bpe with its model in the archive, wpe and characters are supported");
        }

        var (pieces, silent) = SentencePiecePieces.Read($"{archive.Path}: {name}", archive.ReadFile(name, ModelFolder.MaxJsonBytes));
        return pieces.Count == config.Symbols.Count
            ? Of(new PieceVocabulary(pieces, silent), pieces.Count + 1)
            : throw new InvalidDataException($"{archive.Path}: {name} has {pieces.Count} pieces, the configuration {config.Symbols.Count}");
    }

    /// <summary>Symbols that stand for nothing: each spells its number as a word.</summary>
    public static CtcSymbols Numbered(int count, int blank) => Of(new PieceVocabulary([.. Enumerable.Range(0, count).Select(id => $"▁{id}")], [blank]), count);

    private static CtcSymbols Of(PieceVocabulary vocabulary, int count) =>
        new(tokens => CtcWord.Split(tokens, _ => false, vocabulary.BeginsWord), vocabulary.Spell, count, id => vocabulary.BeginsWord(id) ? $" {vocabulary.Spell([id])}" : vocabulary.Spell([id]));

    private static int Id(NemoNode root, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id) && id is >= 0 and < 1 << 22 ? id : throw root.Bad("model.vocab", "holds an id that is no number from 0 on");
}
