using System.Text;

namespace Parley.Text;

/// <summary>The pieces of words that a model writes: ▁ begins a word, &lt;0x41&gt; is a byte.</summary>
/// <remarks>Kudo and Richardson 2018, arXiv 1808.06226.</remarks>
public sealed class PieceVocabulary
{
    private const char Space = '\u2581';

    private readonly string[] _pieces;
    private readonly bool[] _silent;

    /// <summary>Names the pieces.</summary>
    /// <param name="pieces">The piece of each id.</param>
    /// <param name="silent">Ids that say nothing: the blank, the unknown piece, marks of beginning and end.</param>
    public PieceVocabulary(IReadOnlyList<string> pieces, IEnumerable<int> silent)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        ArgumentNullException.ThrowIfNull(silent);
        _pieces = [.. pieces];
        _silent = new bool[_pieces.Length];
        foreach (var id in silent)
        {
            if ((uint)id < (uint)_silent.Length)
            {
                _silent[id] = true;
            }
        }
    }

    /// <summary>One more than the highest id.</summary>
    public int Size => _pieces.Length;

    /// <summary>From pieces of words as BERT writes them, where ## continues one.</summary>
    public static PieceVocabulary FromWordPieces(IReadOnlyList<string> pieces)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        var silent = Enumerable.Range(0, pieces.Count).Where(id => pieces[id] is ['[', .., ']'] or ['<', .., '>']);
        return new PieceVocabulary([.. pieces.Select(p => p.StartsWith("##", StringComparison.Ordinal) ? p[2..] : Space + p)], silent);
    }

    /// <summary>Whether a piece begins a word.</summary>
    public bool BeginsWord(int id) => Says(id) && _pieces[id].StartsWith(Space);

    /// <summary>Whether a piece says anything.</summary>
    public bool Says(int id) => (uint)id < (uint)_pieces.Length && !_silent[id];

    /// <summary>The text of pieces, without a space in front.</summary>
    public string Spell(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var bytes = new List<byte>();
        foreach (var piece in ids.Where(Says).Select(id => _pieces[id]))
        {
            if (piece is ['<', '0', 'x', var high, var low, '>'] && char.IsAsciiHexDigit(high) && char.IsAsciiHexDigit(low))
            {
                bytes.Add(Convert.FromHexString(piece.AsSpan(3, 2))[0]);
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(piece));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]).Replace(Space, ' ').TrimStart(' ');
    }
}
