namespace Parley.Decoding.Tests;

/// <summary>A step model small enough to reckon by hand: the scores of the next token depend on the tokens of the row so far.</summary>
internal sealed class BigramModel : IStepModel
{
    private readonly Func<int, IReadOnlyList<int>, float[]> _scores;
    private readonly int _most;
    private List<int>[] _rows;
    private int[] _inputs;

    /// <param name="scores">From a group's number and a row's tokens to the scores of the next one.</param>
    /// <param name="groups">Inputs decoded together.</param>
    /// <param name="beams">Rows of each.</param>
    /// <param name="most">Tokens that fit.</param>
    public BigramModel(Func<int, IReadOnlyList<int>, float[]> scores, int groups = 1, int beams = 1, int most = 100)
    {
        (_scores, _most, Beams) = (scores, most, beams);
        _inputs = [.. Enumerable.Range(0, groups)];
        _rows = [.. Enumerable.Range(0, groups * beams).Select(_ => new List<int>())];
    }

    public int Beams { get; }

    public int Groups => _inputs.Length;

    public int VocabSize => _scores(0, []).Length;

    public int Room => _most - _rows[0].Count;

    /// <summary>Rows computed in all steps together.</summary>
    public int RowsComputed { get; private set; }

    /// <summary>The scores before any token.</summary>
    public float[] First() => [.. _rows.SelectMany((row, i) => _scores(_inputs[i / Beams], row))];

    public void Step(ReadOnlySpan<int> tokens, Span<float> logits)
    {
        for (var i = 0; i < _rows.Length; i++)
        {
            _rows[i].Add(tokens[i]);
        }

        RowsComputed += _rows.Length;
        First().CopyTo(logits);
    }

    public void Reorder(ReadOnlySpan<int> sources)
    {
        var next = new List<int>[_rows.Length];
        for (var i = 0; i < next.Length; i++)
        {
            next[i] = [.. _rows[sources[i]]];
        }

        _rows = next;
    }

    public void KeepGroups(ReadOnlySpan<int> groups)
    {
        int[] kept = [.. groups];
        _rows = [.. kept.SelectMany(g => _rows.Skip(g * Beams).Take(Beams))];
        _inputs = [.. kept.Select(g => _inputs[g])];
    }
}
