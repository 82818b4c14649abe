using System.Text;

namespace Parley.Text;

/// <summary>The added tokens of a vocabulary: found by id, by content, and in a text (leftmost, then longest).</summary>
internal sealed class AddedTokenSet
{
    private readonly Dictionary<int, (AddedToken Token, byte[] Bytes)> _byId = [];
    private readonly Dictionary<string, AddedToken> _byContent = new(StringComparer.Ordinal);
    private readonly Lazy<Trie> _raw, _normalized;
    private readonly Lazy<Trie> _rawPlain, _normalizedPlain;

    /// <summary>Takes the tokens; later ones of the same id or content replace earlier ones.</summary>
    public AddedTokenSet(IEnumerable<AddedToken> tokens)
    {
        foreach (var token in tokens.Where(t => t.Content.Length > 0))
        {
            _byId[token.Id] = (token, Encoding.UTF8.GetBytes(token.Content));
            _byContent[token.Content] = token;
        }

        _raw = Prefixes(t => !t.Normalized);
        _normalized = Prefixes(t => t.Normalized);
        _rawPlain = Prefixes(t => !t.Normalized && !t.Special);
        _normalizedPlain = Prefixes(t => t.Normalized && !t.Special);
    }

    /// <summary>One more than the highest id.</summary>
    public int VocabSize => _byId.Count == 0 ? 0 : _byId.Keys.Max() + 1;

    /// <summary>All tokens, in no particular order.</summary>
    public IEnumerable<AddedToken> All => _byId.Values.Select(t => t.Token);

    /// <summary>The token spelt this way, or null.</summary>
    public AddedToken? Find(string content) => _byContent.GetValueOrDefault(content);

    /// <summary>The token of this id, with its UTF-8.</summary>
    public bool TryGet(int id, out AddedToken token, out byte[] bytes)
    {
        var found = _byId.TryGetValue(id, out var entry);
        (token, bytes) = entry;
        return found;
    }

    /// <summary>Cuts a text at the added tokens: pieces of ordinary text have no token.</summary>
    public List<(ReadOnlyMemory<char> Text, AddedToken? Token)> Split(ReadOnlyMemory<char> text, bool normalized, SpecialTokens special)
    {
        var table = (normalized, special) switch
        {
            (false, SpecialTokens.Recognise) => _raw.Value,
            (true, SpecialTokens.Recognise) => _normalized.Value,
            (false, _) => _rawPlain.Value,
            (true, _) => _normalizedPlain.Value,
        };
        List<(ReadOnlyMemory<char>, AddedToken?)> pieces = [];
        var from = 0;
        if (!table.IsEmpty)
        {
            var span = text.Span;
            for (var at = 0; at < span.Length;)
            {
                if (table.Longest(span[at..]) is not { } token)
                {
                    at++;
                    continue;
                }

                var (start, end) = (at, at + token.Content.Length);
                if (token.SingleWord && ((start > 0 && IsWord(span[start - 1])) || (end < span.Length && IsWord(span[end]))))
                {
                    at = end;
                    continue;
                }

                while (token.LeftStrip && start > from && char.IsWhiteSpace(span[start - 1]))
                {
                    start--;
                }

                while (token.RightStrip && end < span.Length && char.IsWhiteSpace(span[end]))
                {
                    end++;
                }

                if (start > from)
                {
                    pieces.Add((text[from..start], null));
                }

                pieces.Add((text[start..end], token));
                from = at = end;
            }
        }

        if (from < text.Length)
        {
            pieces.Add((text[from..], null));
        }

        return pieces;
    }

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';

    private Lazy<Trie> Prefixes(Func<AddedToken, bool> take) => new(() => new Trie(_byContent.Values.Where(take)));

    // Tokens by their characters: a search ends at the first character that leads nowhere.
    private sealed class Trie
    {
        private readonly Dictionary<(int Node, char Next), int> _edges = [];
        private readonly List<AddedToken?> _ends = [null];

        public Trie(IEnumerable<AddedToken> tokens)
        {
            foreach (var token in tokens)
            {
                var node = 0;
                foreach (var c in token.Content)
                {
                    if (!_edges.TryGetValue((node, c), out var next))
                    {
                        next = _edges[(node, c)] = _ends.Count;
                        _ends.Add(null);
                    }

                    node = next;
                }

                _ends[node] = token;
            }
        }

        public bool IsEmpty => _edges.Count == 0;

        public AddedToken? Longest(ReadOnlySpan<char> text)
        {
            AddedToken? best = null;
            var node = 0;
            foreach (var c in text)
            {
                if (!_edges.TryGetValue((node, c), out node))
                {
                    break;
                }

                best = _ends[node] ?? best;
            }

            return best;
        }
    }
}
