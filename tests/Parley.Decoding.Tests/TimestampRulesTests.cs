using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Parley.Decoding.Tests;

/// <summary>Ids: words 0 to 4, end of text 5, another special 6, "no time stamps" 7, stamps from 8 on.</summary>
public sealed class TimestampRulesTests
{
    private const int End = 5;
    private const int None = 7;
    private const int First = 8;
    private const int Vocabulary = 20;
    private static readonly int[] Words = [0, 1, 2, 3, 4];

    [Fact]
    public void A_text_opens_with_a_stamp_that_is_not_too_late()
    {
        Assert.Equal([8, 9, 10], Allowed([], most: 2));
        Assert.Equal([8], Allowed([], most: 0));
        Assert.Equal(Range(First, Vocabulary), Allowed([], most: null));
        Assert.Equal(Range(First, Vocabulary), Allowed([], most: 500));
    }

    [Fact]
    public void After_the_opening_stamp_comes_text() => Assert.Equal([.. Words, End, 6], Allowed([8]));

    [Fact]
    public void After_text_come_text_the_end_or_a_later_stamp() => Assert.Equal([.. Words, End, 6, .. Range(11, Vocabulary)], Allowed([10, 1]));

    [Fact]
    public void After_a_closing_stamp_come_its_partner_or_the_end() => Assert.Equal([End, 6, .. Range(13, Vocabulary)], Allowed([10, 1, 13]));

    [Fact]
    public void After_a_pair_comes_text() => Assert.Equal([.. Words, End, 6], Allowed([10, 1, 13, 14]));

    [Fact]
    public void Stamps_win_when_together_they_are_likelier_than_the_best_word()
    {
        // Nine stamps are left, each e^-2 as likely as the word: 9 e^-2 = 1.2 is more than 1, and 9 e^-2.5 = 0.7 is not.
        Assert.Equal(Range(11, Vocabulary), Allowed([10, 1], stamps: -2));
        Assert.Equal([.. Words, End, 6, .. Range(11, Vocabulary)], Allowed([10, 1], stamps: -2.5f));
    }

    [Fact]
    public void No_text_breaks_the_grammar()
    {
        Prop.ForAll(Gen.Choose(0, 100_000).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var rules = new TimestampRules(End, None, First, 3);
            List<int> tokens = [];
            for (var i = 0; i < 40; i++)
            {
                float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(_ => 4 * random.NextSingle())];
                rules.Apply(logits, tokens.ToArray());
                var best = Array.IndexOf(logits, logits.Max());
                if (best == End || float.IsNegativeInfinity(logits[best]))
                {
                    break;
                }

                tokens.Add(best);
            }

            int[] stamps = [.. tokens.Where(t => t >= First)];
            var opens = tokens[0] is >= First and <= First + 3;
            var rises = stamps.Zip(stamps.Skip(1)).All(p => p.First <= p.Second);
            var alternates = Enumerable.Range(0, Math.Max(0, tokens.Count - 2)).All(i => !(tokens[i] >= First && tokens[i + 1] >= First && tokens[i + 2] >= First));
            var grows = Enumerable.Range(1, tokens.Count - 1).All(i => tokens[i] < First || tokens[i - 1] >= First || tokens[i] > tokens.Take(i).Last(t => t >= First));
            return opens && rises && alternates && grows && !tokens.Contains(None);
        }).QuickCheckThrowOnFailure();
    }

    private static int[] Range(int from, int end) => [.. Enumerable.Range(from, end - from)];

    /// <summary>Which ids may follow, words at 0 and stamps so far below them that the sum of their probabilities does not count.</summary>
    private static int[] Allowed(int[] tokens, int? most = 2, float stamps = -20)
    {
        float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(i => i >= First ? stamps : 0)];
        new TimestampRules(End, None, First, most).Apply(logits, tokens);
        return [.. Enumerable.Range(0, Vocabulary).Where(i => !float.IsNegativeInfinity(logits[i]))];
    }
}
