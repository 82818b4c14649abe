using Parley.Text;

namespace Parley.Models.Tests;

public sealed class WhisperSegmentsTests
{
    private static readonly WhisperTokenizer Tokenizer = WhisperTokenizer.Default();
    private static readonly WhisperConfig Config = new(80, 48, 2, 2, 3, 3, 96, 96, 1500, 448, 51865);
    private static readonly WhisperVocabulary Ids = WhisperVocabulary.From(Tokenizer, Config);

    [Fact]
    public void Pairs_of_stamps_cut_segments_and_the_next_window_starts_at_the_last_one()
    {
        var (segments, next, silence) = Split(final: false, 1.0, "one", 2.0, 2.0, "two", 3.5, 3.5, "thr");
        Assert.Equal([(5.0 + 1, 5.0 + 2, " one"), (5.0 + 2, 5.0 + 3.5, " two")], segments.Select(s => (s.Start, s.End, s.Text)));
        Assert.Equal((500 + 350, false), (next, silence));
    }

    [Fact]
    public void A_single_stamp_at_the_end_says_that_the_rest_is_silent()
    {
        var (segments, next, silence) = Split(final: false, 1.0, "one", 2.0, 2.0, "two", 3.5);
        Assert.Equal([(6.0, 7.0), (7.0, 8.5)], segments.Select(s => (s.Start, s.End)));
        Assert.Equal((500 + 2000, true), (next, silence));
    }

    [Fact]
    public void Without_a_pair_a_window_is_one_segment_up_to_its_last_stamp()
    {
        Assert.Equal((5.0, 7.0), Assert.Single(Split(final: false, 0.0, "one", 2.0).Segments.Select(s => (s.Start, s.End))));
        Assert.Equal((5.0, 25.0), Assert.Single(Split(final: false, 0.0, "one").Segments.Select(s => (s.Start, s.End))));
        Assert.Equal((5.0, 25.0), Assert.Single(Split(final: false, "one").Segments.Select(s => (s.Start, s.End))));
    }

    [Fact]
    public void A_text_that_begins_without_a_stamp_begins_with_its_window()
    {
        // As models write when stamps are not asked for: they may come anywhere.
        var (segments, _, _) = Split(final: false, "one", 2.0, 2.0, "two", 3.0);
        Assert.Equal([(5.0, 7.0, " one"), (7.0, 8.0, " two")], segments.Select(s => (s.Start, s.End, s.Text)));
    }

    [Fact]
    public void No_segment_ends_before_it_starts()
    {
        var (segments, _, _) = Split(final: false, 9.0, "one", 2.0, 2.0, "two", 1.0);
        Assert.All(segments, s => Assert.True(s.Start >= 0 && s.End >= s.Start));
    }

    [Fact]
    public void A_window_that_is_not_heard_again_keeps_its_tail_and_its_times_inside()
    {
        var (segments, _, _) = Split(final: true, 1.0, "one", 2.0, 28.0, "two");
        Assert.Equal([(6.0, 7.0, " one"), (25.0, 25.0, " two")], segments.Select(s => (s.Start, s.End, s.Text)));
        Assert.Equal([(6.0, 7.0), (7.0, 25.0)], Split(final: true, 1.0, "one", 2.0, 2.0, "two").Segments.Select(s => (s.Start, s.End)));
        Assert.Equal((5.0, 25.0), Assert.Single(Split(final: true, 0.0, "one", 29.0).Segments.Select(s => (s.Start, s.End))));
    }

    /// <summary>A window of 20 s that starts at 5 s; numbers are stamps in seconds.</summary>
    private static (List<DraftSegment> Segments, int Next, bool EndsInSilence) Split(bool final, params object[] said)
    {
        int[] tokens = [.. said.SelectMany(s => s is double seconds ? [Ids.FirstTimestamp + (int)Math.Round(seconds / 0.02)] : Tokenizer.Encode(" " + s))];
        return WhisperSegments.Split(new WindowResult(tokens, "", -0.1, 0, 0, 1), Ids, Tokenizer, window: 500, size: 2000, final);
    }
}
