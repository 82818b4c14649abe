namespace Parley.Decoding;

/// <summary>The n-grams of one order while a model is estimated: adjusted counts, discounts, and what each history leaves to the order below.</summary>
internal sealed class KneserNeyOrder
{
    private const float LeastLogGamma = -99;

    private readonly int[] _raw;
    private readonly int[] _suffixes;
    private readonly bool[] _fromBegin;
    private readonly int _threshold;
    private readonly int _histories;
    private int[] _adjusted;
    private double[] _totals = [];
    private double[] _gammas = [];
    private KneserNeyDiscounts _discounts = new(0, 0, 0);

    private KneserNeyOrder(int[] parents, int[] words, int[] raw, int[] suffixes, bool[] fromBegin, int histories, int threshold, int count)
    {
        (Parents, Words, _raw, _suffixes, _fromBegin, _histories, _threshold, Count) = (parents, words, raw, suffixes, fromBegin, histories, threshold, count);
        _adjusted = raw;
    }

    public int Count { get; }

    /// <summary>Each n-gram's history in the order below; of 1-grams always 0.</summary>
    public int[] Parents { get; }

    /// <summary>Each n-gram's last word.</summary>
    public int[] Words { get; }

    /// <summary>1-grams; the one of the sentence's begin is never predicted.</summary>
    public static KneserNeyOrder OfWords(int[] raw, int begin)
    {
        var fromBegin = new bool[raw.Length];
        fromBegin[begin] = true;
        raw[begin] = 0;
        return new KneserNeyOrder(new int[raw.Length], [.. Enumerable.Range(0, raw.Length)], raw, new int[raw.Length], fromBegin, histories: 1, threshold: 0, raw.Length);
    }

    /// <summary>Longer n-grams.</summary>
    /// <param name="table">Them.</param>
    /// <param name="below">The order below.</param>
    /// <param name="belowTable">Its table; null: it is that of the words.</param>
    /// <param name="threshold">N-grams of at most this count are left out.</param>
    public static KneserNeyOrder Of(NGramTable table, KneserNeyOrder below, NGramTable? belowTable, int threshold)
    {
        var (suffixes, fromBegin) = (new int[table.Count], new bool[table.Count]);
        for (var i = 0; i < table.Count; i++)
        {
            var parent = table.Parents[i];
            suffixes[i] = belowTable is null ? table.Words[i] : belowTable.Find(below._suffixes[parent], table.Words[i]);
            fromBegin[i] = below._fromBegin[parent];
        }

        return new KneserNeyOrder(table.Parents, table.Words, table.Counts, suffixes, fromBegin, below.Count, threshold, table.Count);
    }

    /// <summary>Whether an n-gram is left out of the model; its mass goes to the order below.</summary>
    public bool IsPruned(int i) => _threshold > 0 && _raw[i] <= _threshold;

    /// <summary>Adjusts the counts, computes the discounts, and from them what each history leaves.</summary>
    public KneserNeyDiscounts Estimate(KneserNeyOrder? above, KneserNeyDiscounts? fallback)
    {
        Adjust(above);
        Span<long> counts = stackalloc long[5];
        for (var i = 0; i < Count; i++)
        {
            if (_adjusted[i] is > 0 and < 5)
            {
                counts[_adjusted[i]]++;
            }
        }

        _discounts = KneserNeyDiscounts.Estimate(counts[1], counts[2], counts[3], counts[4])
            ?? (fallback ?? new KneserNeyDiscounts(0.5, 1, 1.5)) with { IsFallback = true };
        (_totals, _gammas) = (new double[_histories], new double[_histories]);
        for (var i = 0; i < Count; i++)
        {
            _totals[Parents[i]] += _adjusted[i];
            _gammas[Parents[i]] += IsPruned(i) ? _adjusted[i] : _discounts.Of(_adjusted[i]);
        }

        return _discounts;
    }

    /// <summary>The probability of an n-gram, given those of the order below.</summary>
    public double Probability(int i, double[] below)
    {
        var history = Parents[i];
        var own = IsPruned(i) ? 0 : _adjusted[i] - _discounts.Of(_adjusted[i]);
        return (own + (_gammas[history] * below[_suffixes[i]])) / _totals[history];
    }

    /// <summary>log10 of what a history leaves to the order below; 0 when nothing was seen after it.</summary>
    public float LogGamma(int history) =>
        _totals[history] == 0 ? 0 : Math.Max(LeastLogGamma, (float)Math.Log10(_gammas[history] / _totals[history]));

    private void Adjust(KneserNeyOrder? above)
    {
        if (above is null)
        {
            return;
        }

        _adjusted = new int[Count];
        for (var i = 0; i < above.Count; i++)
        {
            _adjusted[above._suffixes[i]]++;
        }

        for (var i = 0; i < Count; i++)
        {
            _adjusted[i] = _fromBegin[i] ? _raw[i] : _adjusted[i];
        }
    }
}
