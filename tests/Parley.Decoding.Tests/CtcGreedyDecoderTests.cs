using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Parley.Decoding.Tests;

public sealed class CtcGreedyDecoderTests
{
    private const int Symbols = 6;

    [Fact]
    public void Repeats_join_unless_a_blank_is_between_them()
    {
        var reading = new CtcGreedyDecoder(blank: 0).DecodeBest(Frames(0, 1, 1, 0, 1, 2, 2, 2, 0), Symbols);
        Assert.Equal([(1, 1, 3), (1, 4, 5), (2, 5, 8)], reading.Tokens.Select(t => (t.Id, t.StartFrame, t.EndFrame)));
    }

    [Fact]
    public void The_blank_may_be_any_symbol()
    {
        var reading = new CtcGreedyDecoder(blank: 5).DecodeBest(Frames(0, 5, 0, 5, 5, 3), Symbols);
        Assert.Equal([0, 0, 3], reading.Tokens.Select(t => t.Id));
    }

    [Fact]
    public void Log_probabilities_are_the_mean_over_a_run_and_the_sum_over_the_path()
    {
        // Posteriors 0.5 and 0.25 of symbol 1, then 0.8 of the blank.
        float[] logits = [.. Row(1, 0.5), .. Row(1, 0.25), .. Row(0, 0.8)];
        var reading = new CtcGreedyDecoder(blank: 0).DecodeBest(logits, symbols: 5);
        Assert.Equal((Math.Log(0.5) + Math.Log(0.25)) / 2, Assert.Single(reading.Tokens).LogProb, tolerance: 1e-6);
        Assert.Equal(Math.Log(0.5 * 0.25 * 0.8), reading.LogProb, tolerance: 1e-6);
    }

    [Fact]
    public void No_frames_give_an_empty_reading()
    {
        var reading = new CtcGreedyDecoder(blank: 0).DecodeBest([], Symbols);
        Assert.Empty(reading.Tokens);
        Assert.Equal(0, reading.LogProb);
    }

    [Fact]
    public void Adding_a_constant_to_every_score_changes_nothing()
    {
        var gen = Gen.ListOf(Gen.Choose(-500, 500)).Select(l => l.Take(l.Count / Symbols * Symbols).Select(i => i / 50f).ToArray());
        Prop.ForAll(gen.ToArbitrary(), logits =>
        {
            var plain = new CtcGreedyDecoder(blank: 0).DecodeBest(logits, Symbols);
            var moved = new CtcGreedyDecoder(blank: 0).DecodeBest([.. logits.Select(l => l + 4f)], Symbols);
            return plain.Tokens.Select(t => t.Id).SequenceEqual(moved.Tokens.Select(t => t.Id)) && Math.Abs(plain.LogProb - moved.LogProb) < 1e-3;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Tokens_are_the_collapsed_path_with_frames_in_order()
    {
        var gen = Gen.ListOf(Gen.Choose(0, Symbols - 1)).Select(l => l.ToArray());
        Prop.ForAll(gen.ToArbitrary(), path =>
        {
            var tokens = new CtcGreedyDecoder(blank: 0).DecodeBest(Frames(path), Symbols).Tokens;
            var collapsed = path.Where((id, i) => id != 0 && (i == 0 || path[i - 1] != id));
            return tokens.Select(t => t.Id).SequenceEqual(collapsed)
                && tokens.All(t => Enumerable.Range(t.StartFrame, t.EndFrame - t.StartFrame).All(f => path[f] == t.Id))
                && tokens.Zip(tokens.Skip(1)).All(p => p.First.EndFrame <= p.Second.StartFrame);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Words_are_cut_at_delimiters()
    {
        CtcToken[] tokens = [Token(4, 0), Token(1, 2), Token(2, 4), Token(4, 6), Token(4, 8), Token(3, 10)];
        var words = CtcWord.Split(tokens, id => id == 4);
        Assert.Equal([(2, 5), (10, 11)], words.Select(w => (w.StartFrame, w.EndFrame)));
        Assert.Equal(Math.Exp(-1), words[0].Probability, tolerance: 1e-9);
    }

    [Fact]
    public void Scores_that_are_no_whole_frames_are_refused() =>
        Assert.Throws<ArgumentException>(() => new CtcGreedyDecoder(blank: 0).DecodeBest(new float[7], Symbols));

    private static CtcToken Token(int id, int frame) => new(id, frame, frame + 1, -1);

    private static float[] Frames(params int[] path)
    {
        var logits = new float[path.Length * Symbols];
        for (var t = 0; t < path.Length; t++)
        {
            logits[(t * Symbols) + path[t]] = 3;
        }

        return logits;
    }

    private static float[] Row(int id, double posterior)
    {
        var row = new float[5];
        Array.Fill(row, (float)Math.Log((1 - posterior) / 4));
        row[id] = (float)Math.Log(posterior);
        return row;
    }
}
