using System.IO.Compression;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Parley.TestSupport;

namespace Parley.Decoding.Tests;

public sealed class ArpaTests
{
    // "a b" is not listed although "c a b" is; "<unk> a" is; "b" has no back-off weight.
    private const string Small = """

        \data\
        ngram 1=7
        ngram 2=5
        ngram 3=2

        \1-grams:
        -99	<s>	-0.3
        -1.1	</s>
        -2	<unk>	-0.7
        -0.8	a	-0.4
        -0.9	b
        -1.2	c	-0.25
        -1.3	été	0.1

        \2-grams:
        -0.5	<s> c	-0.2
        -0.6	c a	-0.15
        -0.35	<unk> a	-0.05
        -0.45	b </s>
        -0.55	a été

        \3-grams:
        -0.1	<s> c a
        -0.2	c a b

        \end\

        """;

    [Fact]
    public void Every_query_is_the_twins()
    {
        CheckQueries(Small, KneserNeyTests.Read(Small), depth: 3);
    }

    [Fact]
    public void The_longest_listed_ngram_wins_and_missing_ones_pay_their_weights()
    {
        var model = KneserNeyTests.Read(Small);
        Assert.Equal((3, 7, 7, 5, 2), (model.Order, model.WordCount, model.Count(1), model.Count(2), model.Count(3)));
        Assert.Equal(-0.5 - 0.1 - 0.2 - (0.45), model.ScoreSentence("c a b"), tolerance: 1e-5);

        // <s> zzz: -0.3 - 2; <unk> a: -0.35; (<unk> a) b: -0.05, a: -0.4, b: -0.9; b </s>: -0.45
        Assert.Equal(-2.3 - 0.35 - 1.35 - 0.45, model.ScoreSentence("zzz  a\tb"), tolerance: 1e-5);
        Assert.Equal(model.Unknown, model.Id("zzz"));
    }

    [Fact]
    public void A_model_that_is_written_and_read_again_is_the_same()
    {
        var text = KneserNeyTests.Text(KneserNeyTests.Read(Small));
        Assert.Equal(text, KneserNeyTests.Text(KneserNeyTests.Read(text)));
        CheckQueries(Small, KneserNeyTests.Read(text), depth: 2);
    }

    [Fact]
    public void A_trained_model_that_is_written_and_read_again_scores_alike()
    {
        var line = from length in Gen.Choose(1, 8) from words in Gen.ArrayOf(Gen.Elements("one", "two", "three", "four"), length) select string.Join(' ', words);
        Prop.ForAll(Gen.NonEmptyListOf(line).ToArbitrary(), corpus =>
        {
            var model = KneserNeyTests.Train(corpus, new KneserNeyOptions(3));
            var text = KneserNeyTests.Text(model);
            var again = KneserNeyTests.Read(text);
            return text == KneserNeyTests.Text(again) && corpus.All(l => Math.Abs(model.ScoreSentence(l) - again.ScoreSentence(l)) < 1e-5);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_file_may_be_compressed_whatever_its_name()
    {
        var folder = Directory.CreateTempSubdirectory("parley-arpa-");
        try
        {
            var (plain, zipped, renamed) = (Path.Combine(folder.FullName, "a.arpa"), Path.Combine(folder.FullName, "a.arpa.gz"), Path.Combine(folder.FullName, "b.arpa"));
            var model = KneserNeyTests.Read(Small);
            Arpa.Save(model, plain);
            Arpa.Save(model, zipped);
            File.Copy(zipped, renamed);
            Assert.Equal([0x1f, 0x8b], File.ReadAllBytes(zipped)[..2]);
            Assert.All((string[])[plain, zipped, renamed], path => Assert.Equal(KneserNeyTests.Text(model), KneserNeyTests.Text(Arpa.Load(path))));
            Assert.Throws<IOException>(() => Arpa.Load(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_model_without_unknown_word_gives_it_minus_hundred_and_does_not_write_it()
    {
        var text = Small.Replace("-2\t<unk>\t-0.7\n", "", StringComparison.Ordinal).Replace("-0.35\t<unk> a\t-0.05\n", "", StringComparison.Ordinal).Replace("1=7", "1=6", StringComparison.Ordinal).Replace("2=5", "2=4", StringComparison.Ordinal);
        var model = KneserNeyTests.Read(text);
        Assert.Equal(-100, model.Score(NGramModel.EmptyState, model.Id("zzz"), out _));
        CheckQueries(text, KneserNeyTests.Read(KneserNeyTests.Text(model)), depth: 2);
        Assert.DoesNotContain("<unk>", KneserNeyTests.Text(model), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\\data\\", "\\date\\", "test.arpa:2: no ARPA language model")]
    [InlineData("ngram 2=5", "ngram 3=5", "test.arpa:4: \"ngram 3=5\"")]
    [InlineData("ngram 1=7", "ngram 1=9999999999", "test.arpa:3: \"ngram 1=9999999999\"")]
    [InlineData("ngram 1=7", "ngram 1=2000000000", "test.arpa:15: the header says 2000000000 1-grams, here are 7")]
    [InlineData("ngram 3=2", "ngram 3=1", "test.arpa:25: \\end\\ was expected")]
    [InlineData("\\2-grams:", "\\3-grams:", "test.arpa:16: \"\\3-grams:\" where \\2-grams: was expected")]
    [InlineData("-0.9\tb", "0.9\tb", "test.arpa:12: the log-probability 0.9 is positive")]
    [InlineData("-0.9\tb", "nan\tb", "test.arpa:12: \"nan\" is no log-probability")]
    [InlineData("-0.9\tb", "-0.9\ta", "test.arpa:12: the word \"a\" was listed before")]
    [InlineData("c a\t-0.15", "c a\t-0.15 x", "test.arpa:18: \"-0.6")]
    [InlineData("c a\t-0.15", "c", "test.arpa:18: 1 words where a 2-gram was expected")]
    [InlineData("c a\t-0.15", "c zzz\t-0.15", "test.arpa:18: the word \"zzz\" is not among the 1-grams")]
    [InlineData("<s> c a", "<s> b a", "test.arpa:24: the 3-gram \"-0.1\t<s> b a\" continues a 2-gram that is not listed")]
    [InlineData("c a b", "<s> c a", "test.arpa:25: this 3-gram was listed before")]
    [InlineData("c a b", "c a b\t-1", "test.arpa:25: a back-off weight after a 3-gram")]
    [InlineData("-99\t<s>\t-0.3", "-99\t<S>\t-0.3", "<s> is not among the 1-grams")]
    [InlineData("\\end\\\n", "", "test.arpa:26: the file ends too early")]
    [InlineData("\\end\\\n", "\\end\\\nmore", "text after \\end\\")]
    public void A_bad_file_is_one_error_with_its_line(string good, string bad, string message)
    {
        Assert.Contains(good, Small, StringComparison.Ordinal);
        var error = Assert.Throws<InvalidDataException>(() => KneserNeyTests.Read(Small.Replace(good, bad, StringComparison.Ordinal)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_are_refused_or_read_at_bounded_cost()
    {
        Damage.Check(Encoding.UTF8.GetBytes(Small), bytes => Arpa.Read(new MemoryStream(bytes), "damaged.arpa"), mebibytes: 16);
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Small));
        }

        Damage.Check(zipped.ToArray(), bytes => Arpa.Read(new MemoryStream(bytes), "damaged.arpa.gz"), keep: 2, mebibytes: 16);
    }

    [Fact]
    public void A_line_without_end_is_refused_before_it_fills_the_memory()
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write("\\data\\\nngram 1="u8);
            for (var i = 0; i < 400; i++)
            {
                gzip.Write(new byte[1 << 16]);
            }
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => Arpa.Read(new MemoryStream(zipped.ToArray()), "bomb.gz"));
        Assert.Contains("bomb.gz:2: a line of more than 1048576 bytes", error.Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 8 << 20);
    }

    [Theory]
    [Trait("kind", "slow")]
    [InlineData("lm/kenlm-test.arpa", 2)]
    [InlineData("lm/mfa-test.arpa", 0)]
    public void The_given_models_score_as_the_twin_does(string path, int depth)
    {
        var text = File.ReadAllText(SharedData.Find(path));
        CheckQueries(text, Arpa.Load(SharedData.Find(path)), depth);
        CheckQueries(text, KneserNeyTests.Read(KneserNeyTests.Text(Arpa.Load(SharedData.Find(path)))), depth: 0);
    }

    /// <summary>All words after all histories of some words, and every listed n-gram with each word after it.</summary>
    private static void CheckQueries(string text, NGramModel model, int depth)
    {
        var twin = new ArpaTwin(text);
        Assert.Equal(twin.Order, model.Order);
        string[] words = [.. twin.Words.Where(w => w != "<s>"), "zzz"];
        foreach (var gram in twin.NGrams)
        {
            var history = gram.Split(' ');
            CheckAll(twin, model, history, depth == 0 ? [.. words.Where((_, i) => i % 97 == gram.Length), history[^1]] : words, words, Math.Max(0, depth - history.Length));
        }
    }

    private static void CheckAll(ArpaTwin twin, NGramModel model, string[] history, string[] queries, string[] words, int depth)
    {
        foreach (var start in (string[][])[history, ["<s>", .. history]])
        {
            var (state, said) = (NGramModel.EmptyState, new List<string>());
            foreach (var word in start)
            {
                if (word == "<s>")
                {
                    (state, said) = (model.BeginState, ["<s>"]);
                    continue;
                }

                Check(twin.Score([.. said], word), model.Score(state, model.Id(word), out state), said, word);
                said.Add(word);
            }

            foreach (var word in queries)
            {
                Check(twin.Score([.. said], word), model.Score(state, model.Id(word), out _), said, word);
            }
        }

        for (var i = 0; depth > 0 && i < words.Length; i++)
        {
            CheckAll(twin, model, [.. history, words[i]], queries, words, depth - 1);
        }
    }

    private static void Check(double expected, float actual, List<string> history, string word) =>
        Assert.True(Math.Abs(expected - actual) < 1e-4, $"log p({word} | {string.Join(' ', history)}) is {actual}, the twin has {expected}");
}
