using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Parley.Decoding.Tests;

public sealed class KneserNeyTests
{
    private static readonly Gen<string[]> Corpora =
        from size in Gen.Choose(1, 12)
        from lines in Gen.ArrayOf(from length in Gen.Choose(1, 7) from words in Gen.ArrayOf(Gen.Elements("a", "a", "a", "b", "b", "c", "d", "e"), length) select string.Join(' ', words), size)
        select lines;

    [Fact]
    public void The_discounts_of_ten_four_two_one_are_the_textbook_ones()
    {
        var discounts = KneserNeyDiscounts.Estimate(10, 4, 2, 1)!;
        Assert.Equal(0.555556, discounts.One, tolerance: 1e-6);
        Assert.Equal(1.166667, discounts.Two, tolerance: 1e-6);
        Assert.Equal(1.888889, discounts.More, tolerance: 1e-6);
    }

    [Fact]
    public void Counts_of_counts_that_are_missing_or_odd_give_no_discounts()
    {
        Assert.Null(KneserNeyDiscounts.Estimate(0, 4, 2, 1));
        Assert.Null(KneserNeyDiscounts.Estimate(5, 4, 0, 1));
        Assert.Null(KneserNeyDiscounts.Estimate(9, 1, 9, 1));
    }

    [Fact]
    public void Every_probability_is_the_twins()
    {
        Prop.ForAll(Cases().ToArbitrary(), c =>
        {
            var (corpus, options) = c;
            var twin = new KneserNeyTwin(corpus, options);
            var model = Train(corpus, options);
            foreach (var history in Histories(corpus, options.Order))
            {
                var state = State(model, history);
                foreach (var word in twin.Words)
                {
                    var (expected, actual) = (twin.Probability(history, word), Math.Pow(10, model.Score(state, model.Id(word), out _)));
                    Assert.True(Math.Abs(expected - actual) < 1e-12 + (5e-5 * expected), $"p({word} | {string.Join(' ', history)}) is {actual}, the twin has {expected}: {string.Join(" / ", corpus)}");
                }
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Every_history_sums_to_one()
    {
        Prop.ForAll(Cases().ToArbitrary(), c =>
        {
            var (corpus, options) = c;
            var model = Train(corpus, options);
            foreach (var history in Histories(corpus, options.Order).Append(["nobody", "said"]))
            {
                var state = State(model, history);
                var sum = Enumerable.Range(0, model.WordCount).Where(w => w != model.Begin).Sum(w => Math.Pow(10, model.Score(state, w, out _)));
                Assert.True(Math.Abs(sum - 1) < 1e-5, $"the words after \"{string.Join(' ', history)}\" sum to {sum}: {string.Join(" / ", corpus)}");
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Pruned_ngrams_are_gone_and_their_histories_stay()
    {
        string[] corpus = ["a b c", "a b c", "a b d", "x y z"];
        var all = Train(corpus, new KneserNeyOptions(3));
        var pruned = Train(corpus, new KneserNeyOptions(3, [0, 0, 1]));
        Assert.Equal((all.Count(1), all.Count(2)), (pruned.Count(1), pruned.Count(2)));
        Assert.Equal(["<s> a b", "a b c", "b c </s>"], Text(pruned).Split("\\3-grams:\n")[1].Split('\n').TakeWhile(l => l.Length > 0).Select(l => l.Split('\t')[1]).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(0, null, "order 0")]
    [InlineData(3, new[] { 1 }, "must be 0")]
    [InlineData(3, new[] { 0, 2, 1 }, "fall")]
    [InlineData(2, new[] { 0, 0, 0 }, "3 pruning thresholds")]
    public void Options_out_of_range_are_refused(int order, int[]? prune, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => new KneserNeyTrainer(new KneserNeyOptions(order, prune))).Message, StringComparison.Ordinal);

    [Fact]
    public void Text_is_counted_line_by_line_and_errors_name_the_line()
    {
        var trainer = new KneserNeyTrainer(new KneserNeyOptions(2));
        trainer.AddText(new MemoryStream("the cat\r\n\n \t\nthe  dog"u8.ToArray()), "text");
        Assert.Equal((2, 4, 6), (trainer.Sentences, trainer.Words, trainer.Count(1)));
        var error = Assert.Throws<InvalidDataException>(() => trainer.AddText(new MemoryStream("fine\na </s> b\n"u8.ToArray()), "text.txt"));
        Assert.StartsWith("text.txt:2: </s>", error.Message, StringComparison.Ordinal);
        Assert.Contains("text.txt:1: this line is not UTF-8", Assert.Throws<InvalidDataException>(() => trainer.AddText(new MemoryStream([0xff, 0xfe, 0xff]), "text.txt")).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new KneserNeyTrainer(new KneserNeyOptions(2)).Build());
    }

    [Fact]
    public void Perplexity_counts_ends_of_sentences_and_tells_unknown_words_apart()
    {
        var model = Train(["a b", "a c"], new KneserNeyOptions(2));
        var score = LanguageModelScore.Of(model, new MemoryStream("a b\n\na zzz\n"u8.ToArray()), "text");
        Assert.Equal((2, 4, 1), (score.Sentences, score.Words, score.Unknown));
        var sum = model.ScoreSentence("a b") + model.ScoreSentence("a zzz");
        Assert.Equal(sum, score.LogProb, tolerance: 1e-5);
        Assert.Equal(Math.Pow(10, -sum / 6), score.Perplexity, tolerance: 1e-4);
        Assert.True(score.KnownPerplexity < score.Perplexity);
    }

    internal static NGramModel Train(IEnumerable<string> corpus, KneserNeyOptions options)
    {
        var trainer = new KneserNeyTrainer(options);
        foreach (var line in corpus)
        {
            trainer.Add(line);
        }

        return trainer.Build();
    }

    internal static string Text(NGramModel model)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        Arpa.Write(model, writer);
        return writer.ToString();
    }

    internal static NGramModel Read(string text) => Arpa.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), "test.arpa");

    private static Gen<(string[] Corpus, KneserNeyOptions Options)> Cases() =>
        from corpus in Corpora
        from order in Gen.Choose(1, 4)
        from prune in Gen.Elements<int[]?>(null, [0, 1], [0, 0, 1], [0, 1, 2])
        select (corpus, new KneserNeyOptions(order, prune?.Take(order).ToArray()));

    private static IEnumerable<string[]> Histories(string[] corpus, int order) => corpus
        .SelectMany(l => { string[] words = ["<s>", .. l.Split(' ')]; return Enumerable.Range(0, words.Length).SelectMany(end => Enumerable.Range(0, order).Where(n => n <= end + 1).Select(n => words[(end + 1 - n)..(end + 1)])); })
        .Append(["e", "d", "c"]).DistinctBy(h => string.Join(' ', h));

    private static int State(NGramModel model, string[] history)
    {
        var state = NGramModel.EmptyState;
        foreach (var word in history)
        {
            if (word == "<s>")
            {
                state = model.BeginState;
            }
            else
            {
                model.Score(state, model.Id(word), out state);
            }
        }

        return state;
    }
}
