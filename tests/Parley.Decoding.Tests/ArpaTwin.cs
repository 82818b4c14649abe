namespace Parley.Decoding.Tests;

/// <summary>An ARPA file as a dictionary of word lists, and the recursion that defines its probabilities.</summary>
internal sealed class ArpaTwin
{
    private readonly Dictionary<string, (double LogProb, double Backoff)> _entries = [];

    public ArpaTwin(string text)
    {
        var order = 0;
        foreach (var line in text.Split('\n').Select(l => l.Trim('\r')))
        {
            if (line.StartsWith('\\'))
            {
                order = line.EndsWith("-grams:", StringComparison.Ordinal) ? int.Parse(line[1..line.IndexOf('-', StringComparison.Ordinal)]) : 0;
            }
            else if (order > 0 && line.Length > 0)
            {
                var parts = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
                _entries[string.Join(' ', parts[1..(order + 1)])] = (double.Parse(parts[0]), parts.Length > order + 1 ? double.Parse(parts[^1]) : 0);
                Order = order;
            }
        }
    }

    public int Order { get; }

    public IEnumerable<string> Words => _entries.Keys.Where(k => !k.Contains(' '));

    public IEnumerable<string> NGrams => _entries.Keys;

    /// <summary>log10 p(word | history): the n-gram if it is listed, else the history's weight and the shorter history.</summary>
    public double Score(string[] history, string word)
    {
        history = [.. history.TakeLast(Order - 1).Select(Known)];
        word = Known(word);
        if (_entries.TryGetValue(string.Join(' ', [.. history, word]), out var found))
        {
            return found.LogProb;
        }

        return history.Length == 0 ? NGramModel.UnknownLogProb : _entries.GetValueOrDefault(string.Join(' ', history)).Backoff + Score(history[1..], word);
    }

    private string Known(string word) => _entries.ContainsKey(word) ? word : "<unk>";
}
