using Parley.Audio;
using Parley.Decoding;
using Parley.Tensors;
using Parley.TestSupport;
using Parley.Text;
using Xunit;

namespace Parley.Models.Tests;

/// <summary>Streams over a tiny model with random weights: what it says means nothing, and must not depend on how it is asked.</summary>
public sealed class StreamingTests
{
    private const int Rate = SpeechRecognizer.SampleRate;

    private static readonly SpeedStreamConfig Config = SpeedStreamTests.Small with { MelBins = 80, FeatureMean = [.. Enumerable.Repeat(-9f, 80)] };

    public static TheoryData<int, bool> Cuts => new(from cut in (int[])[1, 7 * Rate / 1000, 1280, 4001, int.MaxValue] from beam in (bool[])[true, false] select (cut, beam));

    [Theory]
    [MemberData(nameof(Cuts))]
    public void However_sound_is_cut_the_stream_says_what_the_whole_pass_says(int cut, bool beam)
    {
        using var recognizer = Make();
        var samples = Sound(cut == 1 ? 0.7 : 3.3);

        // Nothing is confirmed before the end, so the beam is the whole pass's.
        var options = new StreamingOptions(MaxUtterance: 600, NoMoreWords: 60, Decode: beam ? new CtcDecodeOptions(BeamSize: 16) : null, Agreement: 100);
        var events = Stream(recognizer, samples, options, cut);

        using var scope = new TensorScope();
        var features = recognizer.FrontEnd.Extract(StreamingRecognizer.Padded(samples, Config));
        var logits = recognizer.Model.Forward(Tensor.From(features.Values, [1, features.Frames, features.Bins], Backend.Default));
        ICtcDecoder decoder = beam ? new CtcBeamDecoder(recognizer.Symbols.Texts, Config.Blank, options.Decode) : new CtcGreedyDecoder(Config.Blank);
        var expected = recognizer.Symbols.Spell(decoder.Decode(logits.Values, Config.VocabSize)[0].Tokens.Select(t => t.Id));
        Assert.NotEmpty(expected);
        var final = Assert.Single(events, e => e.Kind == StreamingEventKind.Final);
        Assert.Equal(expected, final.Text);
        Assert.Equal(EndpointRule.EndOfStream, Assert.Single(events, e => e.Kind == StreamingEventKind.Endpoint).Rule);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(112, true)]
    [InlineData(4001, false)]
    [InlineData(int.MaxValue, true)]
    public void Events_do_not_depend_on_how_sound_is_cut(int cut, bool beam)
    {
        using var recognizer = Make();
        var samples = WithPauses();
        var options = new StreamingOptions(Gate: () => new EnergyVadStream(), MaxUtterance: 1, NoMoreWords: 0.4, Decode: beam ? new CtcDecodeOptions(BeamSize: 8) : null);
        var expected = Stream(recognizer, samples, options, 1280).Select(Show);
        Assert.Equal(expected, Stream(recognizer, samples, options, cut).Select(Show));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_confirmed_is_never_taken_back(bool beam)
    {
        using var recognizer = Make();
        var options = new StreamingOptions(MaxUtterance: 2, NoMoreWords: 0.4, Decode: beam ? new CtcDecodeOptions(BeamSize: 16) : null, Agreement: 2);
        var (confirmed, grew, finals) = ("", 0, 0);
        foreach (var said in Stream(recognizer, Sound(9), options, 1280))
        {
            Assert.StartsWith(confirmed, said.Text, StringComparison.Ordinal);
            Assert.InRange(said.Confirmed, confirmed.Length, said.Text.Length);
            grew += said.Confirmed > confirmed.Length ? 1 : 0;
            finals += said.Kind == StreamingEventKind.Final ? 1 : 0;
            confirmed = said.Kind == StreamingEventKind.Final ? "" : said.Text[..said.Confirmed];
        }

        Assert.InRange(finals, 3, 8);
        Assert.True(grew > 10);
    }

    [Fact]
    public void A_gate_leaves_silence_out_and_times_stay_those_of_the_stream()
    {
        using var recognizer = Make();
        var samples = WithPauses();
        using var session = recognizer.Start(new StreamingOptions(Gate: () => new EnergyVadStream(), NoMoreWords: 60));
        StreamingEvent[] events = [.. session.Feed(samples), .. session.Finish()];
        var finals = events.Where(e => e.Kind == StreamingEventKind.Final).ToArray();
        Assert.Equal(2, finals.Length);
        Assert.InRange(session.Encoded.TotalSeconds, 3, 5);
        Assert.Equal(15, session.Taken.TotalSeconds, tolerance: 1e-3);

        // Speech from 5 to 6.5 s and from 10 to 11.2 s, with a pre-roll of 0.24 s and a pause of 0.5 s.
        Assert.InRange(finals[0].Start.TotalSeconds, 4.6, 5);
        Assert.InRange(finals[0].End.TotalSeconds, 6.9, 7.4);
        Assert.InRange(finals[1].Start.TotalSeconds, 9.6, 10);
        Assert.InRange(finals[1].End.TotalSeconds, 11.6, 12.1);

        // Each utterance is what the model says of that stretch alone.
        foreach (var final in finals)
        {
            var (from, to) = ((int)(final.Start.TotalSeconds * Rate), (int)(final.End.TotalSeconds * Rate));
            using var alone = recognizer.Start(new StreamingOptions(NoMoreWords: 60));
            StreamingEvent[] said = [.. alone.Feed(samples.AsSpan(from, to - from))];
            Assert.Equal(said[^1].Text, final.Text);
            Assert.All(final.Segment!.Words!, w => Assert.InRange(w.Start, final.Start, final.End));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1e-4f)]
    [InlineData(3e-3f)]
    public void A_gate_saves_four_fifths_of_the_work_in_silence(float level)
    {
        using var recognizer = Make();
        using var session = recognizer.Start(new StreamingOptions(Gate: () => new EnergyVadStream()));
        session.Feed([.. SpeedStreamTests.Numbers(30 * Rate, 8).Select(v => level * v)]);
        Assert.InRange(session.Encoded / session.Taken, 0, 0.2);
    }

    [Fact]
    public void Speech_in_the_last_piece_of_a_chunk_is_placed_where_it_is()
    {
        using var recognizer = Make();
        using var session = recognizer.Start(new StreamingOptions(Gate: () => new EnergyVadStream(), PreRoll: 0));
        float[] samples = [.. new float[2 * Rate], .. Sound(0.06)];
        StreamingEvent[] events = [.. session.Feed(samples), .. session.Finish()];
        Assert.NotEmpty(events);
        Assert.All(events, e => Assert.Equal((2.0, 2.06), (e.Start.TotalSeconds, e.End.TotalSeconds)));
    }

    [Fact]
    public void A_whole_recording_is_read_as_its_stream()
    {
        using var recognizer = Make();
        var samples = Sound(12.3);
        var options = new StreamingOptions();
        var stream = Stream(recognizer, samples, options, 1280).Where(e => e.Kind == StreamingEventKind.Final).Select(e => (e.Text, e.Segment!.Start, e.Segment.End));
        var whole = new SpeedStreamSpeechModel(recognizer).Transcribe(samples, new TranscriptionOptions(SkipSpeechless: false), null, null, TestContext.Current.CancellationToken);
        Assert.Equal(stream, whole.Select(s => (s.Text.Trim(), s.Start, s.End)));
    }

    [Fact]
    public async Task Sound_may_come_as_an_asynchronous_stream_and_be_cancelled()
    {
        using var recognizer = Make();
        var samples = Sound(3);
        async IAsyncEnumerable<ReadOnlyMemory<float>> Pieces()
        {
            for (var at = 0; at < samples.Length; at += 1000)
            {
                await Task.Yield();
                yield return samples.AsMemory(at, Math.Min(1000, samples.Length - at));
            }
        }

        var said = new List<StreamingEvent>();
        await foreach (var one in recognizer.RecognizeAsync(Pieces(), cancel: TestContext.Current.CancellationToken))
        {
            said.Add(one);
        }

        Assert.Equal(Stream(recognizer, samples, new StreamingOptions(), 1280).Select(Show), said.Select(Show));
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in recognizer.RecognizeAsync(Pieces(), cancel: cancel.Token))
            {
                await cancel.CancelAsync();
            }
        });
    }

    [Fact]
    public void Damage_and_misuse_are_named()
    {
        using var recognizer = Make();
        using var session = recognizer.Start();
        session.Feed(new float[Rate]);
        Assert.Contains("after 1.00 s the samples hold NaN", Assert.Throws<InvalidDataException>(() => session.Feed([0, float.NaN])).Message, StringComparison.Ordinal);
        session.Finish();
        Assert.Throws<ObjectDisposedException>(() => session.Feed([0]));
        Assert.Contains("a pause of 0 s", Assert.Throws<ArgumentException>(() => recognizer.Start(new StreamingOptions(Pause: 0))).Message, StringComparison.Ordinal);
        Assert.Contains("exit threshold 0.6", Assert.Throws<ArgumentException>(() => recognizer.Start(new StreamingOptions(ExitThreshold: 0.6f))).Message, StringComparison.Ordinal);
    }

    internal static StreamingRecognizer Make()
    {
        string[] pieces = ["▁a", "▁bo", "▁see", "n", "d", "e", "▁fi", "x", "▁", "t", "é", ""];
        var vocabulary = new PieceVocabulary(pieces, [Config.Blank]);
        var symbols = new CtcSymbols(
            tokens => CtcWord.Split(tokens, _ => false, vocabulary.BeginsWord), vocabulary.Spell, pieces.Length, id => vocabulary.BeginsWord(id) ? $" {vocabulary.Spell([id])}" : vocabulary.Spell([id]));
        return new StreamingRecognizer(SpeedStreamTests.Make(Config), symbols, Backend.Default);
    }

    private static List<StreamingEvent> Stream(StreamingRecognizer recognizer, float[] samples, StreamingOptions options, int cut)
    {
        using var session = recognizer.Start(options);
        var events = new List<StreamingEvent>();
        for (var at = 0; at < samples.Length; at += Math.Min(cut, samples.Length - at))
        {
            events.AddRange(session.Feed(samples.AsSpan(at, Math.Min(cut, samples.Length - at))));
        }

        events.AddRange(session.Finish());
        return events;
    }

    private static string Show(StreamingEvent e) =>
        $"{e.Kind} {e.Start} {e.End} {e.Text} {e.Confirmed} {e.Rule} {string.Join(",", e.Segment?.Words?.Select(w => $"{w.Text} {w.Start} {w.End} {w.Probability:0.000}") ?? [])}";

    /// <summary>Tones and noise that change every fifth of a second.</summary>
    internal static float[] Sound(double seconds)
    {
        var samples = SpeedStreamTests.Numbers((int)(seconds * Rate), 4);
        for (var i = 0; i < samples.Length; i++)
        {
            var part = i / (Rate / 5);
            samples[i] = (0.02f * (part % 3) * samples[i]) + (0.2f * MathF.Sin(i * (0.1f + (0.05f * (part * part % 11)))));
        }

        return samples;
    }

    /// <summary>15 s of faint noise with sound from 5 to 6.5 and from 10 to 11.2 s.</summary>
    private static float[] WithPauses()
    {
        float[] samples = [.. SpeedStreamTests.Numbers(15 * Rate, 8).Select(v => 2e-4f * v)];
        foreach (var (from, seconds) in ((int, double)[])[(5, 1.5), (10, 1.2)])
        {
            var sound = Sound(seconds);
            for (var i = 0; i < sound.Length; i++)
            {
                samples[(from * Rate) + i] += sound[i];
            }
        }

        return samples;
    }
}
