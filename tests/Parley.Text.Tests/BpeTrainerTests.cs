using FsCheck;
using FsCheck.Fluent;

namespace Parley.Text.Tests;

/// <summary>Learnt pieces: as a plain count of pairs finds them, and readable by the tokenizer.</summary>
public sealed class BpeTrainerTests
{
    private static readonly string[] Texts = ["low low low low low", "lower lower newest newest newest", "newest newest newest widest widest widest"];

    [Fact]
    public void Frequent_pairs_become_pieces_most_frequent_first()
    {
        // Sennrich et al.'s example: e s, es t are the first joins of newest and widest.
        var learnt = BpeTrainer.Train(Texts, size: 16);
        Assert.Equal([("e", "s"), ("es", "t"), ("l", "o"), ("lo", "w")], learnt.Merges.Take(4));
        Assert.Equal(16, learnt.Tokens.Count);
    }

    [Fact]
    public void Pieces_are_those_of_counting_all_pairs_anew_each_time()
    {
        var words = Gen.ArrayOf(Gen.Elements('a', 'b', 'c', 'd')).Select(w => new string(w));
        var texts = Gen.ArrayOf(words).Select(w => string.Join(' ', w));
        Prop.ForAll(Gen.ArrayOf(texts).ToArbitrary(), t =>
        {
            var learnt = BpeTrainer.Train(t, size: 20, ["<pad>"]);
            Assert.Equal(Plain(t, 20, ["<pad>"]), learnt.Tokens);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_file_is_read_back_and_texts_come_back_from_their_ids()
    {
        var learnt = BpeTrainer.Train(Texts, size: 24, ["<pad>"]);
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        try
        {
            File.WriteAllText(path, learnt.ToJson());
            var tokenizer = BpeTokenizer.FromTokenizerJson(path);
            Assert.Equal(24, tokenizer.VocabSize);
            var ids = tokenizer.Encode("lowest newer");
            Assert.Equal("lowest newer", tokenizer.Decode([.. ids]));
            Assert.Contains(tokenizer.Find("est")!.Value, ids);
            Assert.True(tokenizer.IsSpecial(0));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Too_small_a_vocabulary_is_refused() =>
        Assert.Contains("fewer than", Assert.Throws<ArgumentException>(() => BpeTrainer.Train(Texts, size: 3)).Message, StringComparison.Ordinal);

    private static List<string> Plain(string[] texts, int size, string[] special)
    {
        var words = texts.SelectMany(t => t.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(w => w.Select(c => c.ToString()).Prepend("\u2581").ToList()).ToList();
        List<string> tokens = [.. special, .. words.SelectMany(w => w).Distinct().Order(StringComparer.Ordinal)];
        while (tokens.Count < size)
        {
            var pairs = words.SelectMany(w => w.Zip(w.Skip(1))).GroupBy(p => p)
                .OrderByDescending(g => g.Count()).ThenBy(g => g.Key.First, StringComparer.Ordinal).ThenBy(g => g.Key.Second, StringComparer.Ordinal).ToArray();
            if (pairs.Length == 0)
            {
                break;
            }

            var (left, right) = pairs[0].Key;
            if (!tokens.Contains(left + right))
            {
                tokens.Add(left + right);
            }

            foreach (var word in words)
            {
                for (var k = 0; k + 1 < word.Count; k++)
                {
                    if (word[k] == left && word[k + 1] == right)
                    {
                        word[k] += right;
                        word.RemoveAt(k + 1);
                    }
                }
            }
        }

        return tokens;
    }
}
