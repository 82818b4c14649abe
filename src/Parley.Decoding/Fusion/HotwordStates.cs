namespace Parley.Decoding;

// An automaton that finds all phrases at once (Aho and Corasick 1975) over " phrase ", spaces included, so that only whole words match. Each state
// has a potential: the part of a phrase's weight that its letters so far have earned. A step pays the difference of potentials, and the whole weight
// where a phrase ends. What was paid for a phrase that then fails is therefore taken back, and a finished reading has only whole weights.

/// <summary>Follows preferred words and phrases through a reading.</summary>
internal sealed class HotwordStates
{
    private readonly NGramTable _next = new();
    private readonly List<double> _potentials = [0];
    private readonly List<double> _ended = [0];
    private readonly List<int> _shorter = [0];
    private readonly List<bool> _isSpace = [false];
    private readonly Row?[] _rows;
    private readonly SymbolTexts _texts;

    public HotwordStates(IReadOnlyList<Hotword> words, SymbolTexts texts)
    {
        _texts = texts;
        var depths = new List<int> { 0 };
        foreach (var word in words)
        {
            var phrase = $" {string.Join(' ', word.Text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))} ";
            var state = 0;
            for (var i = 0; i < phrase.Length; i++)
            {
                state = 1 + _next.Add(state, phrase[i]);
                if (state == _potentials.Count)
                {
                    _potentials.Add(0);
                    _ended.Add(0);
                    _shorter.Add(0);
                    _isSpace.Add(phrase[i] == ' ');
                    depths.Add(i + 1);
                }

                // The first space earns nothing, the last one ends the phrase.
                _potentials[state] = i == phrase.Length - 1 ? _potentials[state] : Math.Max(_potentials[state], word.Weight * i / (phrase.Length - 1));
            }

            _ended[state] += word.Weight;
        }

        foreach (var state in Enumerable.Range(1, _potentials.Count - 1).OrderBy(s => depths[s]))
        {
            var (parent, letter) = (_next.Parents[state - 1], _next.Words[state - 1]);
            _shorter[state] = parent == 0 ? 0 : Follow(_shorter[parent], (char)letter);
            _ended[state] += _ended[_shorter[state]];
        }

        Start = Follow(0, ' ');
        _rows = new Row?[_potentials.Count];
    }

    /// <summary>The state before the first word.</summary>
    public int Start { get; }

    /// <summary>What each symbol adds to the score after a state, and where it leads.</summary>
    /// <remarks>Computed when first asked for; threads that ask at once compute the same.</remarks>
    public Row After(int state)
    {
        if (Volatile.Read(ref _rows[state]) is { } known)
        {
            return known;
        }

        var (bonuses, next) = (new double[_texts.Count], new int[_texts.Count]);
        for (var symbol = 0; symbol < _texts.Count; symbol++)
        {
            var (at, ended) = (state, 0.0);
            if (_texts.BeginsWord[symbol] && !_isSpace[at])
            {
                at = Follow(at, ' ');
                ended += _ended[at];
            }

            foreach (var letter in _texts.Letters[symbol])
            {
                at = Follow(at, char.ToLowerInvariant(letter));
                ended += _ended[at];
            }

            (bonuses[symbol], next[symbol]) = (ended + _potentials[at] - _potentials[state], at);
        }

        var row = new Row(bonuses, next, bonuses.Max());
        Volatile.Write(ref _rows[state], row);
        return row;
    }

    /// <summary>What the end of the reading adds: a phrase ends too, one that was only begun is taken back.</summary>
    public double Finish(int state) => (_isSpace[state] ? 0 : _ended[Follow(state, ' ')]) - _potentials[state];

    private int Follow(int state, char letter)
    {
        for (; ; state = _shorter[state])
        {
            if (_next.Find(state, letter) is >= 0 and var found)
            {
                return found + 1;
            }

            if (state == 0)
            {
                return 0;
            }
        }
    }

    /// <summary>What symbols do after a state.</summary>
    /// <param name="Bonuses">Added to the score, by symbol.</param>
    /// <param name="Next">The state, by symbol.</param>
    /// <param name="Most">The most that a symbol can add.</param>
    internal sealed record Row(double[] Bonuses, int[] Next, double Most);
}
