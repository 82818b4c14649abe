using FsCheck;
using FsCheck.Fluent;
using Parley.Tensors;
using Xunit;

namespace Parley.Decoding.Tests;

public sealed class SearchTests
{
    private const int End = 0;

    private sealed class Forbid(Func<IReadOnlyList<int>, int, bool> isForbidden) : ILogitFilter
    {
        public void Apply(Span<float> logits, ReadOnlySpan<int> tokens)
        {
            for (var i = 0; i < logits.Length; i++)
            {
                logits[i] = isForbidden(tokens.ToArray(), i) ? float.NegativeInfinity : logits[i];
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Where_every_token_is_forbidden_each_search_ends_with_what_it_has(int after)
    {
        ILogitFilter[] nothing = [new Forbid((tokens, _) => tokens.Count >= after)];
        ILogitFilter[] noEnd = [new Forbid((tokens, id) => id == End || tokens.Count >= after)];
        foreach (var filters in (ILogitFilter[][])[nothing, noEnd])
        {
            foreach (var beams in (int[])[1, 3])
            {
                Check(BeamSearchOf(beams, filters));
                Check(PatientOf(beams, filters));
            }

            var sampled = new BigramModel(Scores);
            Check(new SamplingSearch(End, 10).Run(sampled, sampled.First(), filters)[0]);
        }

        void Check(Hypothesis[] found)
        {
            Assert.NotEmpty(found);
            Assert.All(found, h => Assert.True(double.IsFinite(h.SumLogProb) && h.Tokens.Count <= after, $"{h.SumLogProb} [{string.Join(' ', h.Tokens)}]"));
            Assert.Equal(after, found.Max(h => h.Tokens.Count));
        }
    }

    [Fact]
    public void Scores_that_are_all_minus_infinity_end_a_beam_without_nan()
    {
        var model = new BigramModel((_, tokens) => tokens.Count == 0 ? [-9, 1, 0] : [float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity], beams: 2);
        var found = new BeamSearch(End, 5).Run(model, model.First(), [])[0];
        Assert.Equal([1], found[0].Tokens);
        Assert.All(found, h => Assert.True(double.IsFinite(h.SumLogProb)));
    }

    [Fact]
    public void Scores_that_are_not_numbers_are_refused_by_every_search()
    {
        float[] broken = [1, float.NaN, 0];
        var model = new BigramModel((_, _) => broken, beams: 2);
        var single = new BigramModel((_, _) => broken);
        Assert.Contains("NaN", Assert.Throws<InvalidDataException>(() => new BeamSearch(End, 5).Run(model, model.First(), [])).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new PatientBeamSearch(End, 5).Run(model, model.First(), []));
        Assert.Throws<InvalidDataException>(() => new SamplingSearch(End, 5).Run(single, single.First(), []));
    }

    [Fact]
    public void A_beam_finds_what_greedy_search_walks_past()
    {
        // 1 looks best at first (0.5 against 0.4) but leads to even chances; 2 leads to certainty.
        float[] Chances(IReadOnlyList<int> tokens) => tokens.Count switch
        {
            0 => [0.1f, 0.5f, 0.4f],
            1 => tokens[0] == 1 ? [0.34f, 0.33f, 0.33f] : [0.98f, 0.01f, 0.01f],
            _ => [0.98f, 0.01f, 0.01f],
        };
        float[] Log(int group, IReadOnlyList<int> tokens) => [.. Chances(tokens).Select(p => MathF.Log(p))];
        var one = new BigramModel(Log);
        Assert.Equal([1], new SamplingSearch(End, 4).Run(one, one.First(), [])[0][0].Tokens);
        var two = new BigramModel(Log, beams: 2);
        var best = Hypothesis.Best(new PatientBeamSearch(End, 4).Run(two, two.First(), [])[0]);
        Assert.Equal([2], best.Tokens);
        Assert.Equal(Math.Log(0.4 * 0.98), best.SumLogProb, tolerance: 1e-5);
    }

    [Fact]
    public void Patience_waits_for_more_ended_sequences()
    {
        Assert.Equal(2, Ended(1));
        Assert.Equal(4, Ended(2));

        static int Ended(double patience)
        {
            var model = new BigramModel(Of(3), beams: 2);
            return new PatientBeamSearch(End, 20, patience).Run(model, model.First(), [])[0].Count(h => h.Ended);
        }
    }

    [Fact]
    public void A_beam_of_one_is_greedy()
    {
        var gen = Gen.Choose(1, 100_000).ToArbitrary();
        Prop.ForAll(gen, seed =>
        {
            var (greedy, patient, plain) = (new BigramModel(Of(seed), most: 12), new BigramModel(Of(seed), most: 12), new BigramModel(Of(seed), most: 12));
            var a = new SamplingSearch(End, 8).Run(greedy, greedy.First(), [])[0][0];
            var b = new PatientBeamSearch(End, 8).Run(patient, patient.First(), [])[0][0];
            var c = new BeamSearch(End, 8).Run(plain, plain.First(), [])[0];
            return a.Tokens.SequenceEqual(b.Tokens) && c.Any(h => h.Tokens.SequenceEqual(a.Tokens)) && Math.Abs(a.SumLogProb - b.SumLogProb) < 1e-4;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.7)]
    public void A_group_finds_the_same_alone_as_beside_others(double temperature)
    {
        var search = new SamplingSearch(End, 8, temperature, Seed: 5);
        var together = new BigramModel((g, tokens) => Of(g)(0, tokens), groups: 6, beams: 2);
        var all = search.Run(together, together.First(), []);
        for (var g = 0; g < all.Length; g++)
        {
            var alone = new BigramModel((_, tokens) => Of(g)(0, tokens), beams: 2);
            var found = search.Run(alone, alone.First(), [], inputs: [g]);
            Assert.Equal(all[g].Select(h => string.Join(' ', h.Tokens)), found[0].Select(h => string.Join(' ', h.Tokens)));
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.7)]
    public void Rows_choose_the_same_at_once_as_one_after_another(double temperature)
    {
        var search = new SamplingSearch(End, 8, temperature, Seed: 5);
        ILogitFilter[] filters = [new Forbid((tokens, id) => tokens.Count > 2 && id == tokens[^1])];
        using var workers = new Workers(3);
        BigramModel[] models = [.. Enumerable.Range(0, 2).Select(_ => new BigramModel((g, tokens) => Of(g)(0, tokens), groups: 9, beams: 2))];
        var (alone, atOnce) = (search.Run(models[0], models[0].First(), filters), search.Run(models[1], models[1].First(), filters, workers: workers));
        Assert.Equal(alone.SelectMany(g => g).Select(Told), atOnce.SelectMany(g => g).Select(Told));

        static string Told(Hypothesis h) => $"{string.Join(' ', h.Tokens)} {h.SumLogProb:R} {h.Ended}";
    }

    [Fact]
    public void Beams_find_the_same_alone_as_beside_others()
    {
        var together = new BigramModel((g, tokens) => Of(g)(0, tokens), groups: 6, beams: 3);
        var all = new PatientBeamSearch(End, 8).Run(together, together.First(), []);
        for (var g = 0; g < all.Length; g++)
        {
            var alone = new BigramModel((_, tokens) => Of(g)(0, tokens), beams: 3);
            Assert.Equal(all[g].Select(h => string.Join(' ', h.Tokens)), new PatientBeamSearch(End, 8).Run(alone, alone.First(), [])[0].Select(h => string.Join(' ', h.Tokens)));
        }
    }

    [Fact]
    public void Groups_that_have_ended_are_not_computed_any_more()
    {
        // Group g says g ones and ends.
        var model = new BigramModel((g, tokens) => tokens.Count < g ? [0, 9, 0] : [9, 0, 0], groups: 5);
        var found = new SamplingSearch(End, 20).Run(model, model.First(), []);
        Assert.Equal([0, 1, 2, 3, 4], found.Select(f => f[0].Tokens.Count));
        Assert.Equal(4 + 3 + 2 + 1, model.RowsComputed);
    }

    [Fact]
    public void Draws_are_the_same_in_every_process()
    {
        var model = new BigramModel((_, _) => [-9, 0, 0, 0, 0, 0], beams: 2);
        var found = new SamplingSearch(End, 12, Temperature: 1, Seed: 7).Run(model, model.First(), [])[0];
        Assert.Equal([3, 1, 2, 3, 2, 1, 1, 1, 3, 3, 4, 5], found[0].Tokens);
        Assert.NotEqual(found[0].Tokens, found[1].Tokens);
    }

    [Fact]
    public void Draws_follow_the_probabilities_at_their_temperature()
    {
        const int rows = 4000;
        float[] scores = [MathF.Log(0.1f), MathF.Log(0.2f), MathF.Log(0.7f)];
        var model = new BigramModel((_, _) => scores, beams: rows);
        var drawn = new SamplingSearch(EndToken: 9, MaxTokens: 1, Temperature: 0.5, Seed: 3).Run(model, model.First(), [])[0].CountBy(h => h.Tokens[0]).ToDictionary();
        double[] squares = [0.01, 0.04, 0.49];
        for (var id = 0; id < 3; id++)
        {
            Assert.Equal(squares[id] / 0.54, drawn[id] / (double)rows, tolerance: 0.03);
        }
    }

    private static Hypothesis[] BeamSearchOf(int beams, ILogitFilter[] filters)
    {
        var model = new BigramModel(Scores, beams: beams);
        return new BeamSearch(End, 10).Run(model, model.First(), filters)[0];
    }

    private static Hypothesis[] PatientOf(int beams, ILogitFilter[] filters)
    {
        var model = new BigramModel(Scores, beams: beams);
        return new PatientBeamSearch(End, 10).Run(model, model.First(), filters)[0];
    }

    private static float[] Scores(int group, IReadOnlyList<int> tokens) => [-1, 1, 0.5f, tokens.Count];

    /// <summary>Scores that depend on a seed, the last token and the length; the end comes sooner or later.</summary>
    private static Func<int, IReadOnlyList<int>, float[]> Of(int seed) => (_, tokens) =>
    {
        var random = new Random((seed * 31) + (tokens.Count == 0 ? 17 : tokens[^1]) + (tokens.Count * 7));
        float[] scores = [.. Enumerable.Range(0, 7).Select(_ => 3 * random.NextSingle())];
        scores[End] += 0.4f * tokens.Count;
        return scores;
    };
}
