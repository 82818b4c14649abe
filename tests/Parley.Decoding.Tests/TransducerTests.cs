namespace Parley.Decoding.Tests;

public sealed class TransducerTests
{
    private const int Frames = 4;
    private const int Blank = 3;
    private const int MaxSymbols = 4;

    private static readonly SymbolTexts Letters = new([" ", "a", "b", ""]);

    [Fact]
    public void A_beam_that_holds_everything_finds_what_all_alignments_give()
    {
        foreach (var fusion in FusionTwin.All)
        {
            var model = new TabularTransducer(Frames, symbols: 4, Blank, seed: 5);
            var expected = Sequences().Select(ids => (Ids: ids, Paths: Paths(model, ids).ToArray()))
                .Select(s => (s.Ids, Best: s.Paths.MaxBy(p => p.LogProb).At, Score: Sum(s.Paths) + FusionTwin.Score(string.Join(' ', Letters.Words(s.Ids).Select(w => w.Text)), fusion)))
                .Where(s => !double.IsNegativeInfinity(s.Score)).OrderByDescending(s => s.Score).ToArray();
            var actual = new TransducerBeamDecoder(Letters, new TransducerDecodeOptions(5000, fusion, MaxSymbols, Readings: 5000)).Decode(model, TestContext.Current.CancellationToken);
            Assert.Equal(expected.Length, actual.Count);
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i].Score, actual[i].LogProb, tolerance: 1e-5);
                Assert.Equal(expected[i].Ids, actual[i].Tokens.Select(t => t.Id));
                Assert.Equal(expected[i].Best, actual[i].Tokens.Select(t => t.StartFrame));
            }

            Assert.Equal(0, model.Live);
        }
    }

    [Fact]
    public void A_beam_of_one_is_greedy_up_to_the_last_frame_and_a_wide_one_is_never_worse()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var model = new TabularTransducer(frames: 12, symbols: 4, Blank, seed, sharpness: 8);
            var greedy = new TransducerGreedyDecoder(maxSymbolsPerFrame: 100).Decode(model, TestContext.Current.CancellationToken);
            Assert.NotEmpty(greedy.Tokens);

            // In the last frame a blank ends the reading, and a beam keeps an end that is better than to go on.
            var narrow = new TransducerBeamDecoder(Letters, new TransducerDecodeOptions(1)).Decode(model, TestContext.Current.CancellationToken)[0];
            Assert.Equal(Before(greedy), Before(narrow));
            var wide = new TransducerBeamDecoder(Letters, new TransducerDecodeOptions(200)).Decode(model, TestContext.Current.CancellationToken)[0];
            Assert.True(wide.LogProb >= Math.Max(greedy.LogProb, narrow.LogProb) - 1e-4);
            Assert.Equal(0, model.Live);
        }

        static IEnumerable<(int, int)> Before(CtcHypothesis reading) => reading.Tokens.Where(t => t.StartFrame < 11).Select(t => (t.Id, t.StartFrame));
    }

    [Fact]
    public void Greedy_stays_on_a_frame_until_the_blank_is_best_or_the_limit_is_reached()
    {
        var model = new TabularTransducer(frames: 30, symbols: 4, Blank, seed: 9, sharpness: 6);
        foreach (var limit in (int[])[1, 2, 10])
        {
            var (expected, reading) = (new List<(int, int)>(), new List<int>());
            for (var t = 0; t < model.Frames; t++)
            {
                for (var here = 0; here < limit; here++)
                {
                    var row = model.Row(t, [.. reading]);
                    var best = Array.IndexOf(row, row.Max());
                    if (best == Blank)
                    {
                        break;
                    }

                    reading.Add(best);
                    expected.Add((best, t));
                }
            }

            Assert.Equal(expected, new TransducerGreedyDecoder(limit).Decode(model, TestContext.Current.CancellationToken).Tokens.Select(t => (t.Id, t.StartFrame)));
        }
    }

    [Fact]
    public void Durations_say_how_far_greedy_decoding_goes_on()
    {
        int[] durations = [0, 1, 2, 4];
        var model = new TabularTransducer(frames: 60, symbols: 4, Blank, seed: 2, sharpness: 4, durations);
        var (expected, reading, frame, here, total) = (new List<(int, int, int)>(), new List<int>(), 0, 0, 0.0);
        while (frame < model.Frames)
        {
            var row = model.Row(frame, [.. reading]);
            var (symbol, step) = (Array.IndexOf(row, row[..4].Max()), Array.IndexOf(row, row[4..].Max(), 4) - 4);
            total += row[symbol] + row[4 + step];
            var length = durations[step];
            if (symbol != Blank)
            {
                reading.Add(symbol);
                expected.Add((symbol, frame, Math.Min(60, frame + Math.Max(1, length))));
                here++;
            }

            length = symbol == Blank ? Math.Max(1, length) : length == 0 && here == 3 ? 1 : length;
            (frame, here) = (frame + length, length > 0 ? 0 : here);
        }

        var actual = new TransducerGreedyDecoder(maxSymbolsPerFrame: 3).Decode(model, TestContext.Current.CancellationToken);
        Assert.Equal(expected, actual.Tokens.Select(t => (t.Id, t.StartFrame, t.EndFrame)));
        Assert.Equal(total, actual.LogProb, tolerance: 1e-4);
        Assert.Throws<ArgumentException>(() => new TransducerBeamDecoder(Letters).Decode(model, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Words_have_the_posterior_mass_of_the_readings_that_have_them()
    {
        var model = new TabularTransducer(Frames, symbols: 4, Blank, seed: 8);
        var all = new TransducerBeamDecoder(Letters, new TransducerDecodeOptions(5000, null, MaxSymbols: 1, Readings: 5000)).Decode(model, TestContext.Current.CancellationToken);
        var sum = all.Sum(r => Math.Exp(r.LogProb));
        foreach (var reading in all.Where(r => r.Tokens is [{ Id: 1 or 2 }]))
        {
            Assert.Equal(Math.Exp(reading.LogProb) / sum, reading.Tokens[0].WordPosterior!.Value, tolerance: 1e-6);
        }
    }

    [Fact]
    public void No_frames_give_an_empty_reading()
    {
        var model = new TabularTransducer(frames: 0, symbols: 4, Blank, seed: 1);
        Assert.Empty(Assert.Single(new TransducerBeamDecoder(Letters).Decode(model, TestContext.Current.CancellationToken)).Tokens);
        Assert.Empty(new TransducerGreedyDecoder().Decode(model, TestContext.Current.CancellationToken).Tokens);
        Assert.Equal(0, model.Live);
    }

    [Fact]
    public void A_model_that_talks_for_ever_is_stopped()
    {
        var model = new TabularTransducer(frames: 6, symbols: 4, blank: 3, seed: 4, sharpness: 0);
        var reading = new TransducerBeamDecoder(Letters, new TransducerDecodeOptions(4, new FusionOptions(Hotwords: [new Hotword("a", 50)]))).Decode(model, TestContext.Current.CancellationToken)[0];
        Assert.InRange(reading.Tokens.Count, 1, 60);
        Assert.Equal(0, model.Live);
    }

    private static IEnumerable<int[]> Sequences() => Enumerable.Range(0, MaxSymbols + 1)
        .SelectMany(length => Enumerable.Range(0, (int)Math.Pow(3, length)).Select(n => Enumerable.Range(0, length).Select(i => n / (int)Math.Pow(3, i) % 3).ToArray()));

    /// <summary>Every way to say a reading: the frame of each symbol, never falling.</summary>
    private static IEnumerable<(int[] At, double LogProb)> Paths(TabularTransducer model, int[] ids)
    {
        return Enumerable.Range(0, (int)Math.Pow(Frames, ids.Length)).Select(n => Enumerable.Range(0, ids.Length).Select(i => n / (int)Math.Pow(Frames, i) % Frames).ToArray())
            .Where(at => at.Zip(at.Skip(1)).All(p => p.First <= p.Second)).Select(at => (at, LogProb(at)));

        double LogProb(int[] at)
        {
            var (sum, said) = (0.0, 0);
            for (var t = 0; t < Frames; t++)
            {
                for (; said < ids.Length && at[said] == t; said++)
                {
                    sum += model.Row(t, ids[..said])[ids[said]];
                }

                sum += model.Row(t, ids[..said])[Blank];
            }

            return sum;
        }
    }

    private static double Sum((int[] At, double LogProb)[] paths) => Math.Log(paths.Sum(p => Math.Exp(p.LogProb)));
}
