using FsCheck;
using FsCheck.Fluent;

namespace Parley.Decoding.Tests;

public sealed class CtcStreamDecoderTests
{
    private static readonly SymbolTexts Texts = new(["", " a", "b", " c", "d"]);

    [Fact]
    public void Greedy_reads_in_pieces_what_it_reads_at_once() => Over((logits, frames, random) =>
    {
        var decoder = new CtcStreamDecoder(Texts, blank: 0);
        var said = Pieces(decoder, logits, frames, random);
        Assert.Equal(said.Count, decoder.Confirmed);
        var (reading, whole) = (decoder.Finish(), new CtcGreedyDecoder(0).DecodeBest(logits, Texts.Count));
        Assert.Equal(whole.Tokens, reading.Tokens);
        Assert.Equal(whole.LogProb, reading.LogProb, tolerance: 1e-9);
        Assert.Equal(whole.Tokens.Select(t => t.Id), said);
    });

    [Fact]
    public void A_beam_of_which_nothing_is_confirmed_reads_what_the_whole_beam_reads() => Over((logits, frames, random) =>
    {
        var options = new CtcDecodeOptions(BeamSize: 16, Fusion: new FusionOptions(Hotwords: [new Hotword("ab", 2)]));
        var decoder = new CtcStreamDecoder(Texts, blank: 0, options, agreement: 1000);
        Pieces(decoder, logits, frames, random);
        var (reading, whole) = (decoder.Finish(), new CtcBeamDecoder(Texts, 0, options).Decode(logits, Texts.Count)[0]);
        Assert.Equal(whole.Tokens, reading.Tokens);
        Assert.Equal(whole.LogProb, reading.LogProb, tolerance: 1e-9);
    });

    [Fact]
    public void What_is_confirmed_stays_and_an_utterance_forgets_the_one_before() => Over((logits, frames, random) =>
    {
        var decoder = new CtcStreamDecoder(Texts, blank: 0, new CtcDecodeOptions(BeamSize: 12), agreement: 2);
        int[] confirmed = [];
        for (var utterance = 0; utterance < 2; utterance++)
        {
            confirmed = [];
            for (var t = 0; t < frames;)
            {
                var count = Math.Min(frames - t, random.Next(1, 4));
                decoder.Step(logits.AsSpan(t * Texts.Count, count * Texts.Count));
                t += count;
                Assert.True(decoder.Confirmed >= confirmed.Length);
                Assert.Equal(confirmed, decoder.Best.Take(confirmed.Length));
                confirmed = [.. decoder.Best.Take(decoder.Confirmed)];
                Assert.Equal(t, decoder.Frames);
            }

            var said = decoder.Finish().Tokens.Select(t => t.Id).ToArray();
            Assert.Equal(confirmed, said.Take(confirmed.Length));
            Assert.Equal((0, 0, 0), (decoder.Frames, decoder.Confirmed, decoder.Best.Count));
        }
    });

    [Fact]
    public void Best_readings_that_agree_confirm_their_common_beginning()
    {
        // " a" for certain, then "b" by a hair before "d"; that "d" goes on has more alignments than that it follows "b", and takes the lead.
        var decoder = new CtcStreamDecoder(Texts, blank: 0, new CtcDecodeOptions(BeamSize: 8), agreement: 2);
        decoder.Step([0, 9, 0, 0, 0]);
        Assert.Equal(0, decoder.Confirmed);
        decoder.Step([0, 0, 4, 0, 3.99f]);
        Assert.Equal((1, 2), (decoder.Confirmed, decoder.Best.Count));
        decoder.Step([0, 0, 0, 0, 6]);
        Assert.Equal([1, 4], decoder.Best);
        Assert.Equal((1, 0), (decoder.Confirmed, decoder.BlankFrames));
        decoder.Step([9, 0, 0, 0, 0, 9, 0, 0, 0, 0]);
        Assert.Equal((2, 2), (decoder.Confirmed, decoder.BlankFrames));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new CtcStreamDecoder(Texts, blank: 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CtcStreamDecoder(Texts, blank: 0, agreement: 0));
        Assert.Contains("7 scores", Assert.Throws<ArgumentException>(() => new CtcStreamDecoder(Texts, blank: 0).Step(new float[7])).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<int> Pieces(CtcStreamDecoder decoder, float[] logits, int frames, Random random)
    {
        for (var t = 0; t < frames;)
        {
            var count = Math.Min(frames - t, random.Next(1, 5));
            decoder.Step(logits.AsSpan(t * Texts.Count, count * Texts.Count));
            t += count;
        }

        return decoder.Best;
    }

    private static void Over(Action<float[], int, Random> check) => Prop.ForAll(Gen.Choose(0, 100_000).ToArbitrary(), seed =>
    {
        var random = new Random(seed);
        var frames = random.Next(0, 20);
        check([.. Enumerable.Range(0, frames * Texts.Count).Select(_ => 4 * (random.NextSingle() - 0.5f))], frames, random);
    }).QuickCheckThrowOnFailure();
}
