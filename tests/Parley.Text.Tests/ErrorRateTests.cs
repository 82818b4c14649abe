using FsCheck;
using FsCheck.Fluent;

namespace Parley.Text.Tests;

public sealed class ErrorRateTests
{
    [Fact]
    public void Counts_and_alignment_agree()
    {
        Assert.Equal(new EditCounts(1, 1, 1, 5), ErrorRate.Words("a b c d e", "a x c e f"));
        Assert.Equal(0.4, ErrorRate.Words("a b c d e", "a b x d").Rate, 12);
        Assert.Equal(new EditCounts(0, 0, 0, 0), ErrorRate.Words(" ", ""));
        Assert.Equal(double.PositiveInfinity, ErrorRate.Words("", "a").Rate);
        Assert.Equal(new EditCounts(1, 0, 0, 4), ErrorRate.Characters("cafe\u0301", "cafe"));
    }

    [Fact]
    public void The_distance_is_a_metric_and_the_listing_has_its_counts()
    {
        var word = Gen.Elements("a", "b", "c").ArrayOf();
        Prop.ForAll(Gen.Three(word).ToArbitrary(), t =>
        {
            var (x, y, z) = t;
            var counts = ErrorRate.Count(x, y);
            var steps = ErrorRate.Align(x, y);
            Assert.Equal(counts.Errors, ErrorRate.Count(y, x).Errors);
            Assert.Equal(counts.Errors == 0, x.SequenceEqual(y));
            Assert.True(ErrorRate.Count(x, z).Errors <= counts.Errors + ErrorRate.Count(y, z).Errors);
            Assert.Equal(counts.Substitutions, steps.Count(s => s.Kind == EditKind.Substitution));
            Assert.Equal(counts.Insertions, steps.Count(s => s.Kind == EditKind.Insertion));
            Assert.Equal(counts.Deletions, steps.Count(s => s.Kind == EditKind.Deletion));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    [Trait("kind", "slow")]
    public void The_published_hypotheses_score_as_published()
    {
        static Dictionary<string, string> Read(string path) => File.ReadLines(SharedData.Find(path)).Select(l => l.Split('\t'))
            .ToDictionary(l => l[0], l => l.Length > 1 ? l[1] : "");
        var hypotheses = Read("text/wer/test-clean.b1.hyp.tsv");
        var total = Read("text/librispeech-test-clean-refs.tsv").Aggregate(
            default(EditCounts), (sum, line) => sum + ErrorRate.Words(line.Value, hypotheses[line.Key]));
        Assert.Equal(new EditCounts(1501, 195, 225, 52576), total);
        Assert.Equal(0.036537583688374925, total.Rate, 12);
    }
}
