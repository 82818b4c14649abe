namespace Parley.Decoding.Tests;

/// <summary>A transducer whose scores are drawn for every frame and every reading, so that nothing can be guessed from a part of either.</summary>
internal sealed class TabularTransducer(int frames, int symbols, int blank, int seed, double sharpness = 3, int[]? durations = null) : ITransducerModel
{
    private readonly Dictionary<int, int[]> _states = [];
    private int _count;

    public int Frames => frames;

    public int SymbolCount => symbols;

    public int Blank => blank;

    public IReadOnlyList<int> Durations { get; } = durations ?? [];

    /// <summary>States that were not given back.</summary>
    public int Live => _states.Count;

    public int Start() => Keep([]);

    public void Predict(ReadOnlySpan<int> states, ReadOnlySpan<int> shown, Span<int> next)
    {
        for (var i = 0; i < states.Length; i++)
        {
            next[i] = Keep([.. _states[states[i]], shown[i]]);
        }
    }

    public void Joint(ReadOnlySpan<int> at, ReadOnlySpan<int> states, Span<float> logits)
    {
        var width = symbols + Durations.Count;
        for (var i = 0; i < states.Length; i++)
        {
            Row(at[i], _states[states[i]]).CopyTo(logits[(i * width)..]);
        }
    }

    public void Release(int state) => Assert.True(_states.Remove(state));

    /// <summary>The scores in a frame after a reading, symbols and durations each summing to one.</summary>
    public float[] Row(int frame, int[] reading)
    {
        Assert.InRange(frame, 0, frames - 1);
        var random = new Random(reading.Aggregate((seed * 1009) + frame, (hash, id) => unchecked((hash * 31) + id + 1)));
        return [.. Draw(symbols), .. Draw(Durations.Count)];

        IEnumerable<float> Draw(int count)
        {
            var row = Enumerable.Range(0, count).Select(_ => sharpness * random.NextDouble()).ToArray();
            var sum = Math.Log(row.Sum(Math.Exp));
            return row.Select(r => (float)(r - sum));
        }
    }

    private int Keep(int[] reading)
    {
        _states[_count] = reading;
        return _count++;
    }
}
