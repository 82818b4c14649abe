namespace Parley.Models.Tests;

/// <summary>A window of 30 s at 60 s of a recording of 200 s; words are improbable (0.05) where they are made up.</summary>
public sealed class WhisperHallucinationsTests
{
    private const double Threshold = 2;
    private static readonly WindowTimes Window = new(60, 90, 30, 200);

    [Fact]
    public void Likely_words_are_kept_and_the_window_ends_at_its_last_word_or_its_end()
    {
        var early = new List<DraftSegment> { Said(61, 64, 0.9) };
        Assert.Equal(new HallucinationVerdict(64, ToWindowEnd: false, DropAll: false), Check(early));
        var late = new List<DraftSegment> { Said(61, 64, 0.9), Said(85, 89, 0.9) };
        Assert.Equal(new HallucinationVerdict(null, ToWindowEnd: true, DropAll: false), Check(late));
        Assert.Equal((1, 2), (early.Count, late.Count));
        Assert.Null(Check(early, endsInSilence: true));
    }

    [Fact]
    public void Made_up_words_after_a_silence_are_dropped_and_heard_again_from_there()
    {
        var segments = new List<DraftSegment> { Said(70, 73, 0.05) };
        Assert.Equal(new HallucinationVerdict(70, ToWindowEnd: false, DropAll: true), Check(segments));
    }

    [Fact]
    public void Made_up_words_between_silences_are_cut_with_all_that_follows()
    {
        var segments = new List<DraftSegment> { Said(60.5, 63, 0.9), Said(70, 73, 0.05), Said(80, 82, 0.9) };
        Assert.Equal(new HallucinationVerdict(70, ToWindowEnd: false, DropAll: false), Check(segments));
        Assert.Equal(63, Assert.Single(segments).End);
    }

    [Fact]
    public void Unlikely_words_amid_speech_are_kept()
    {
        var segments = new List<DraftSegment> { Said(60.5, 66, 0.9), Said(66.5, 69, 0.05), Said(69.5, 74, 0.9) };
        Check(segments);
        Assert.Equal(3, segments.Count);
    }

    [Fact]
    public void Made_up_words_followed_by_others_need_no_silence_after_them()
    {
        var segments = new List<DraftSegment> { Said(60.5, 63, 0.9), Said(70, 73, 0.05), Said(73.5, 76, 0.05) };
        Assert.Equal(70, Check(segments)!.Value.Seek);
        Assert.Single(segments);
    }

    [Fact]
    public void The_end_of_the_recording_is_not_heard_again()
    {
        var last = new WindowTimes(60, 90, 29.9, 89.9);
        var segments = new List<DraftSegment> { Said(60.5, 63, 0.9), Said(85.5, 88.5, 0.05) };
        Assert.Equal(89.9, WhisperHallucinations.Check(segments, last, endsInSilence: true, lastSpeech: 59, Threshold)!.Value.Seek);
    }

    [Fact]
    public void A_window_moves_on_by_a_second_at_least()
    {
        var segments = new List<DraftSegment> { Said(60.2, 62, 0.05), Said(70, 72, 0.9) };
        Assert.Equal(61, WhisperHallucinations.Check(segments, Window, endsInSilence: true, lastSpeech: 50, Threshold)!.Value.Seek);
    }

    [Fact]
    public void Where_no_word_was_timed_the_last_segment_tells_the_end()
    {
        var silent = new DraftSegment(6000, 61, 64, "", [], new WindowResult([], "", 0, 0, 0, 1)) { Words = [] };
        Assert.Equal(64, WhisperWords.LastEnd([silent]));
        Assert.Equal(new HallucinationVerdict(64, ToWindowEnd: false, DropAll: false), Check([silent]));
    }

    [Theory]
    [InlineData(0.9, 0.3, false)]
    [InlineData(0.1, 0.3, true)]
    [InlineData(0.9, 0.05, true)]
    [InlineData(0.9, 3.2, true)]
    public void Words_are_unlikely_when_improbable_very_short_or_very_long(double probability, double seconds, bool isUnlikely)
    {
        // Silence on both sides, so that only the words decide.
        var words = Enumerable.Range(0, 3).Select(i => new TimedWord(" a", 1, 70 + (i * seconds), 70 + ((i + 1) * seconds), probability)).ToList();
        var segments = new List<DraftSegment> { Said(60.5, 63, 0.9), new(6000, 70, words[^1].End, "", [], new WindowResult([], "", 0, 0, 0, 1)) { Words = words } };
        Check(segments);
        Assert.Equal(isUnlikely ? 1 : 2, segments.Count);
    }

    private static HallucinationVerdict? Check(List<DraftSegment> segments, bool endsInSilence = false) =>
        WhisperHallucinations.Check(segments, Window, endsInSilence, lastSpeech: 59, Threshold);

    /// <summary>Six words of equal length.</summary>
    private static DraftSegment Said(double start, double end, double probability)
    {
        var step = (end - start) / 6;
        var words = Enumerable.Range(0, 6).Select(i => new TimedWord(" a", 1, start + (i * step), start + ((i + 1) * step), probability)).ToList();
        return new DraftSegment(6000, start, end, "", [], new WindowResult([], "", 0, 0, 0, 1)) { Words = words };
    }
}
