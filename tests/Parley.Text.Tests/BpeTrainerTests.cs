using System.Text.Json;
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

    // What the deserialisers of huggingface/tokenizers ask for: src/tokenizer/serialization.rs, src/tokenizer/added_vocabulary.rs, src/models/bpe.
    [Fact]
    public void The_file_is_what_Pythons_tokenizers_reads()
    {
        var learnt = BpeTrainer.Train([.. Texts, "say \"a\\b\" naïve 😀"], size: 60, ["<blank>", "<pad>"]);
        using var json = JsonDocument.Parse(learnt.ToJson());
        var root = json.RootElement;
        Assert.Equal(["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"], root.EnumerateObject().Select(p => p.Name));
        Assert.Equal("1.0", root.GetProperty("version").GetString());
        var model = root.GetProperty("model");
        Assert.Equal("BPE", model.GetProperty("type").GetString());
        var vocabulary = model.GetProperty("vocab").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32());
        Assert.Equal(Enumerable.Range(0, learnt.Tokens.Count), vocabulary.Values.Order());
        foreach (var merge in model.GetProperty("merges").EnumerateArray())
        {
            // Written with one space between: neither part may have one.
            var parts = merge.GetString()!.Split(' ');
            Assert.Equal(2, parts.Length);
            Assert.All([parts[0], parts[1], parts[0] + parts[1]], part => Assert.Contains(part, (IReadOnlyDictionary<string, int>)vocabulary));
        }

        foreach (var (id, added) in root.GetProperty("added_tokens").EnumerateArray().Index())
        {
            Assert.Equal(["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"], added.EnumerateObject().Select(p => p.Name));
            Assert.Equal((id, id), (added.GetProperty("id").GetInt32(), vocabulary[added.GetProperty("content").GetString()!]));
        }
    }

    [Fact]
    [Trait("kind", "slow")]
    public void Its_parts_have_the_fields_of_published_files()
    {
        var published = new Dictionary<string, HashSet<string>>();
        foreach (var name in (string[])["phi3", "gpt2", "whisper"])
        {
            using var file = JsonDocument.Parse(File.ReadAllBytes(SharedData.Find($"tokenizers/{name}/tokenizer.json")));
            Parts(file.RootElement, (type, fields) => published[type] = [.. published.GetValueOrDefault(type) ?? [], fields]);
        }

        using var json = JsonDocument.Parse(BpeTrainer.Train(Texts, size: 24, ["<pad>"]).ToJson());
        var seen = 0;
        Parts(json.RootElement, (type, fields) =>
        {
            Assert.Contains(fields, published[type]);
            seen++;
        });
        Assert.True(seen >= 7, $"{seen} parts");
    }

    private static void Parts(JsonElement json, Action<string, string> part)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in json.EnumerateArray())
            {
                Parts(item, part);
            }
        }
        else if (json.ValueKind == JsonValueKind.Object && json.EnumerateObject().Count() < 100)
        {
            if (json.TryGetProperty("type", out var type) && type.GetString() is { } name && name != "BPE")
            {
                part(name, string.Join(' ', json.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal)));
            }

            foreach (var property in json.EnumerateObject())
            {
                Parts(property.Value, part);
            }
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
