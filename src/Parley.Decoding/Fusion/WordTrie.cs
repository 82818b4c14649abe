namespace Parley.Decoding;

/// <summary>Words by their letters, so that a search finds a word without spelling it.</summary>
internal sealed class WordTrie(bool ignoreCase)
{
    /// <summary>No letter yet.</summary>
    public const int NoWord = -1;

    /// <summary>Letters that begin no word.</summary>
    public const int Nowhere = -2;

    private readonly NGramTable _nodes = new();
    private readonly List<int> _ids = [];

    /// <summary>Adds a word; of words that cannot be told apart the preferred one stays.</summary>
    public void Add(string word, int id, Func<int, int, bool> isBetter)
    {
        var node = NoWord;
        foreach (var letter in word)
        {
            node = _nodes.Add(node, Fold(letter));
            if (node == _ids.Count)
            {
                _ids.Add(-1);
            }
        }

        if (node >= 0 && (_ids[node] < 0 || isBetter(id, _ids[node])))
        {
            _ids[node] = id;
        }
    }

    /// <summary>The node after more letters.</summary>
    public int Next(int node, string letters)
    {
        foreach (var letter in letters)
        {
            node = node == Nowhere ? Nowhere : _nodes.Find(node, Fold(letter)) is >= 0 and var next ? next : Nowhere;
        }

        return node;
    }

    /// <summary>The word that ends at a node; -1 for none.</summary>
    public int Word(int node) => node < 0 ? -1 : _ids[node];

    private int Fold(char letter) => ignoreCase ? char.ToLowerInvariant(letter) : letter;
}
