using Xunit.Sdk;

namespace Parley.TestSupport;

/// <summary>Comparisons that tell where and by how much.</summary>
public static class Expect
{
    /// <summary>Fails unless every |actual - expected| is at most absolute + relative * |expected|; NaN and infinities must match.</summary>
    public static void Close(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, float relative = 1e-5f, float absolute = 1e-6f, string what = "values")
    {
        if (actual.Length != expected.Length)
        {
            throw new XunitException($"{what}: {actual.Length} values where {expected.Length} were expected");
        }

        var (worst, excess, wrong) = (-1, 0.0, 0);
        for (var i = 0; i < actual.Length; i++)
        {
            if (actual[i].Equals(expected[i]))
            {
                continue;
            }

            var error = Math.Abs((double)actual[i] - expected[i]);
            var over = error - (absolute + relative * Math.Abs((double)expected[i]));
            if (over <= 0)
            {
                continue;
            }

            wrong++;
            if (worst < 0 || over > excess || double.IsNaN(over))
            {
                (worst, excess) = (i, double.IsNaN(over) ? double.MaxValue : over);
            }
        }

        if (wrong > 0)
        {
            throw new XunitException(
                $"{what}: {wrong} of {actual.Length} differ; worst at {worst}: {actual[worst]:R} where {expected[worst]:R} was expected (relative {relative}, absolute {absolute})");
        }
    }
}
