using FsCheck;
using FsCheck.Fluent;

namespace Parley.Decoding.Tests;

public sealed class CtcBeamDecoderTests
{
    private static readonly SymbolTexts Letters = new(["", " ", "a", "b"]);
    private static readonly SymbolTexts Pieces = new([" a", "b", "", " b", "ab"]);

    [Fact]
    public void A_beam_that_holds_everything_finds_what_all_paths_give()
    {
        foreach (var fusion in FusionTwin.All)
        {
            CheckAll(Letters, blank: 0, frames: 6, fusion, symbolsPerFrame: null);
            CheckAll(Pieces, blank: 2, frames: 4, fusion, symbolsPerFrame: null);
        }
    }

    [Fact]
    public void Symbols_that_a_frame_does_not_offer_begin_nothing()
    {
        var decoder = new CtcBeamDecoder(Letters, blank: 0, new CtcDecodeOptions(BeamSize: 50, SymbolsPerFrame: 1, Readings: 50));
        float[] logits = [.. Row(0.4, 0.1, 0.3, 0.2), .. Row(0.3, 0.1, 0.1, 0.5)];
        var readings = decoder.Decode(logits, 4);
        Assert.Equal(["", "a", "ab", "b"], readings.Select(r => Text(Letters, r)).Order(StringComparer.Ordinal));
        Assert.Equal(Math.Log(0.3 * 0.5), readings.Single(r => Text(Letters, r) == "ab").LogProb, tolerance: 1e-5);

        // The symbol of a reading goes on whether it is offered or not.
        Assert.Equal(Math.Log(0.3 * (0.3 + 0.1)), readings.Single(r => Text(Letters, r) == "a").LogProb, tolerance: 1e-5);
    }

    [Fact]
    public void Sure_frames_read_the_same_at_every_width_and_greedily()
    {
        var random = new Random(3);
        for (var round = 0; round < 20; round++)
        {
            var logits = Random(random, 30, 4, sharpness: 60);
            var greedy = new CtcGreedyDecoder(0).DecodeBest(logits, 4).Tokens;
            foreach (var width in (int[])[1, 2, 16, 300])
            {
                var beam = new CtcBeamDecoder(Letters, 0, new CtcDecodeOptions(width)).Decode(logits, 4)[0].Tokens;
                Assert.Equal(greedy.Select(t => (t.Id, t.StartFrame, t.EndFrame)), beam.Select(t => (t.Id, t.StartFrame, t.EndFrame)));
            }
        }
    }

    [Fact]
    public void A_beam_of_one_is_never_better_than_a_wide_one_and_scores_are_sums_over_alignments()
    {
        var random = new Random(4);
        for (var round = 0; round < 30; round++)
        {
            var logits = Random(random, 25, 4, sharpness: 2);
            var scores = new[] { 1, 4, 64, 2000 }.Select(width => new CtcBeamDecoder(Letters, 0, new CtcDecodeOptions(width)).Decode(logits, 4)[0]).ToArray();
            Assert.True(scores[0].LogProb <= scores[3].LogProb + 1e-9);
            var all = Forward(logits, 4, 0, scores[3].Tokens.Select(t => t.Id).ToArray());
            Assert.InRange(scores[3].LogProb, all - 0.1, all + 1e-5);
        }
    }

    [Fact]
    public void Sweeping_the_tree_changes_nothing()
    {
        var logits = Random(new Random(5), 400, 4, sharpness: 4);
        var fusion = new WordFusion(Letters, new FusionOptions(FusionTwin.Model, Hotwords: [new Hotword("ab b", 2)]));
        Assert.Equal(Ends(sweepAt: int.MaxValue), Ends(sweepAt: 50));

        IEnumerable<(string, double)> Ends(int sweepAt)
        {
            var beam = new CtcBeam(fusion, Letters, 0, new CtcDecodeOptions(40), sweepAt);
            for (var t = 0; t < 400; t++)
            {
                beam.Step(logits.AsSpan(t * 4, 4));
            }

            return beam.Finish().Select(e => (string.Join(' ', e.Symbols), e.Score));
        }
    }

    [Fact]
    public void Words_have_their_posterior_mass_and_the_frames_of_the_best_alignment()
    {
        // Certain: "a", a blank, a space; uncertain: "b" (0.7) or "a" (0.3) in frames 4 and 5.
        float[] logits = [.. Row(0, 0, 1, 0), .. Row(0, 0, 1, 0), .. Row(1, 0, 0, 0), .. Row(0, 1, 0, 0), .. Row(0, 0, 0.3, 0.7), .. Row(1, 0, 0, 0)];
        var reading = new CtcBeamDecoder(Letters, 0, new CtcDecodeOptions(20)).Decode(logits, 4)[0];
        Assert.Equal([(2, 0, 2), (1, 3, 4), (3, 4, 5)], reading.Tokens.Select(t => (t.Id, t.StartFrame, t.EndFrame)));
        Assert.Equal([1, null, 0.7], reading.Tokens.Select(t => t.WordPosterior is { } mass ? Math.Round(mass, 5) : (double?)null));
        var words = CtcWord.Split(reading.Tokens, id => id == 1);
        Assert.Equal(0.7, words[1].Probability, tolerance: 1e-5);
    }

    [Fact]
    public void A_hotword_that_fails_leaves_no_bonus_behind()
    {
        // "aba" begins like "abb", whose bonus could carry it: the whole difference is taken back.
        var logits = Random(new Random(6), 8, 4, sharpness: 3);
        var plain = Decode(new FusionOptions()).ToDictionary(r => string.Concat(r.Tokens.Select(t => " |ab"[t.Id])), r => r.LogProb);
        var boosted = Decode(new FusionOptions(Hotwords: [new Hotword("abb", 4)])).ToDictionary(r => string.Concat(r.Tokens.Select(t => " |ab"[t.Id])), r => r.LogProb);
        Assert.Equal(plain["aba"], boosted["aba"], tolerance: 1e-9);
        Assert.Equal(plain["abb"] + 4, boosted["abb"], tolerance: 1e-9);
        Assert.Equal(plain["abba"], boosted["abba"], tolerance: 1e-9);

        IReadOnlyList<CtcHypothesis> Decode(FusionOptions fusion) => new CtcBeamDecoder(Letters, 0, new CtcDecodeOptions(60000, fusion, Readings: 60000)).Decode(logits, 4);
    }

    [Fact]
    public void A_recogniser_of_one_case_finds_words_of_the_language_model_in_any()
    {
        var upper = new SymbolTexts(["", " ", "A", "B"]);
        var mixed = new SymbolTexts(["", " ", "A", "b"]);
        var fusion = new FusionOptions(FusionTwin.Model, LmWeight: 1);
        float[] logits = [.. Row(0, 0, 1, 0), .. Row(0, 0, 0, 1)];
        var known = Math.Log(10) * FusionTwin.Model.ScoreSentence("ab");
        Assert.Equal(known, new CtcBeamDecoder(upper, 0, new CtcDecodeOptions(4, fusion)).Decode(logits, 4)[0].LogProb, tolerance: 1e-4);
        Assert.Equal(Math.Log(10) * FusionTwin.Model.ScoreSentence("zzz"), new CtcBeamDecoder(mixed, 0, new CtcDecodeOptions(4, fusion)).Decode(logits, 4)[0].LogProb, tolerance: 1e-4);
    }

    [Fact]
    public void No_frames_give_an_empty_reading() =>
        Assert.Empty(Assert.Single(new CtcBeamDecoder(Letters, 0).Decode([], 4)).Tokens);

    [Fact]
    public void A_lexicon_without_a_way_out_gives_the_best_beginning()
    {
        var decoder = new CtcBeamDecoder(Letters, 0, new CtcDecodeOptions(8, new FusionOptions(Lexicon: ["abab"])));
        Assert.Equal("ab", Text(Letters, decoder.Decode([.. Row(0, 0, 1, 0), .. Row(0, 0, 0, 1)], 4)[0]));
    }

    [Theory]
    [InlineData(0, null, 1, "beam of 0")]
    [InlineData(4, 0, 1, "0 symbols per frame")]
    [InlineData(4, null, 5, "5 readings from a beam of 4")]
    public void Options_out_of_range_are_refused(int beam, int? symbols, int readings, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => new CtcBeamDecoder(Letters, 0, new CtcDecodeOptions(beam, null, symbols, readings))).Message, StringComparison.Ordinal);

    [Fact]
    public void Scores_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new CtcBeamDecoder(Letters, 0).Decode(new float[7], 4));
        Assert.Throws<ArgumentException>(() => new CtcBeamDecoder(Letters, 0).Decode(new float[10], 5));
        Assert.Throws<ArgumentException>(() => new CtcBeamDecoder(Letters, 4));
        Assert.Throws<InvalidDataException>(() => new CtcBeamDecoder(Letters, 0).Decode([1, 2, float.NaN, 3], 4));
        Assert.Throws<ArgumentException>(() => new SymbolTexts(["a b"]));
    }

    [Fact]
    public void The_alignment_is_the_best_of_all_paths()
    {
        var gen = from seed in Gen.Choose(0, 1 << 20) from length in Gen.Choose(1, 3) from ids in Gen.ArrayOf(Gen.Choose(1, 3), length) select (seed, ids);
        Prop.ForAll(gen.ToArbitrary(), c =>
        {
            var logits = Random(new Random(c.seed), 6, 4, sharpness: 3);
            var best = Paths(6, 4).Where(p => Collapse(p, 0).SequenceEqual(c.ids)).MaxBy(p => p.Select((id, t) => (double)logits[(t * 4) + id]).Sum())!;
            var runs = CtcAlignment.Align(logits, 4, c.ids, blank: 0);
            var path = new int[6];
            for (var k = 0; k < runs.Count; k++)
            {
                path.AsSpan(runs[k].Start, runs[k].End - runs[k].Start).Fill(c.ids[k]);
            }

            return path.SequenceEqual(best);
        }).QuickCheckThrowOnFailure();
        Assert.Throws<ArgumentException>(() => CtcAlignment.Align(new float[8], 4, [1, 1], blank: 0));
    }

    internal static float[] Random(Random random, int frames, int symbols, double sharpness)
    {
        var logits = new float[frames * symbols];
        for (var t = 0; t < frames; t++)
        {
            var row = Enumerable.Range(0, symbols).Select(_ => sharpness * random.NextDouble()).ToArray();
            var sum = Math.Log(row.Sum(Math.Exp));
            row.Select(r => (float)(r - sum)).ToArray().CopyTo(logits, t * symbols);
        }

        return logits;
    }

    internal static string Text(SymbolTexts texts, CtcHypothesis reading) => string.Join(' ', texts.Words([.. reading.Tokens.Select(t => t.Id)]).Select(w => w.Text));

    private static void CheckAll(SymbolTexts texts, int blank, int frames, FusionOptions fusion, int? symbolsPerFrame)
    {
        var logits = Random(new Random(7), frames, texts.Count, sharpness: 3);
        var sums = new Dictionary<string, (int[] Ids, double Sum)>();
        foreach (var path in Paths(frames, texts.Count))
        {
            var ids = Collapse(path, blank);
            var sum = Math.Exp(path.Select((id, t) => (double)logits[(t * texts.Count) + id]).Sum());
            var key = string.Join(' ', ids);
            sums[key] = (ids, sums.GetValueOrDefault(key).Sum + sum);
        }

        var expected = sums.Values.Select(s => (s.Ids, Score: Math.Log(s.Sum) + FusionTwin.Score(string.Join(' ', texts.Words(s.Ids).Select(w => w.Text)), fusion)))
            .Where(s => !double.IsNegativeInfinity(s.Score)).OrderByDescending(s => s.Score).ToArray();
        var actual = new CtcBeamDecoder(texts, blank, new CtcDecodeOptions(20000, fusion, symbolsPerFrame, Readings: 20000)).Decode(logits, texts.Count);
        Assert.Equal(expected.Length, actual.Count);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Score, actual[i].LogProb, tolerance: 1e-5);
        }

        Assert.Equal(expected[0].Ids, actual[0].Tokens.Select(t => t.Id));
    }

    internal static IEnumerable<int[]> Paths(int frames, int symbols) => Enumerable.Range(0, (int)Math.Pow(symbols, frames))
        .Select(n => Enumerable.Range(0, frames).Select(t => n / (int)Math.Pow(symbols, t) % symbols).ToArray());

    internal static int[] Collapse(int[] path, int blank) => [.. path.Where((id, t) => id != blank && (t == 0 || path[t - 1] != id))];

    /// <summary>ln of the sum over all alignments of a reading.</summary>
    private static double Forward(float[] logits, int symbols, int blank, int[] ids)
    {
        var states = Enumerable.Range(0, (2 * ids.Length) + 1).Select(s => (s & 1) == 1 ? ids[s / 2] : blank).ToArray();
        var alpha = states.Select(_ => double.NegativeInfinity).ToArray();
        for (var t = 0; t < logits.Length / symbols; t++)
        {
            var before = alpha;
            alpha = [.. states.Select((id, s) => logits[(t * symbols) + id] + (t == 0 ? (s <= 1 ? 0 : double.NegativeInfinity) : Sum(before, s, id)))];
        }

        return Add(alpha[^1], alpha.Length > 1 ? alpha[^2] : double.NegativeInfinity);

        double Sum(double[] before, int s, int id) => Add(Add(before[s], s > 0 ? before[s - 1] : double.NegativeInfinity), s > 1 && id != blank && states[s - 2] != id ? before[s - 2] : double.NegativeInfinity);
    }

    private static double Add(double a, double b) => double.IsNegativeInfinity(a) ? b : double.IsNegativeInfinity(b) ? a : Math.Max(a, b) + Math.Log(1 + Math.Exp(-Math.Abs(a - b)));

    private static float[] Row(params double[] posteriors) => [.. posteriors.Select(p => (float)Math.Log(p))];
}
