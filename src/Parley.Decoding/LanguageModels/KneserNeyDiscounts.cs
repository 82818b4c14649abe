namespace Parley.Decoding;

/// <summary>What is taken from the counts of an order, for words that were not seen after a history.</summary>
/// <param name="One">Taken from a count of 1.</param>
/// <param name="Two">Taken from a count of 2.</param>
/// <param name="More">Taken from larger counts.</param>
/// <param name="IsFallback">Whether the counts of counts gave none, and these are the fallback.</param>
public sealed record KneserNeyDiscounts(double One, double Two, double More, bool IsFallback = false)
{
    /// <summary>Discounts that the counts of counts give; null when one of the first three is 0 or a discount is out of range.</summary>
    /// <remarks>Chen and Goodman 1998, equation 26, with the conditions of lmplz (kpu/kenlm:lm/builder/adjust_counts.cc).</remarks>
    /// <param name="t1">N-grams that were counted once.</param>
    /// <param name="t2">… twice.</param>
    /// <param name="t3">… three times.</param>
    /// <param name="t4">… four times.</param>
    public static KneserNeyDiscounts? Estimate(long t1, long t2, long t3, long t4)
    {
        if (t1 == 0 || t2 == 0 || t3 == 0)
        {
            return null;
        }

        var y = t1 / (t1 + (2.0 * t2));
        var (one, two, more) = (1 - (2 * y * t2 / t1), 2 - (3 * y * t3 / t2), 3 - (4 * y * t4 / t3));
        return one is >= 0 and <= 1 && two is >= 0 and <= 2 && more is >= 0 and <= 3 ? new KneserNeyDiscounts(one, two, more) : null;
    }

    /// <summary>What is taken from a count.</summary>
    public double Of(long count) => count switch
    {
        <= 0 => 0,
        1 => One,
        2 => Two,
        _ => More,
    };
}
