namespace Parley.Models.Tests;

/// <summary>Numbers are reckoned by hand from the limits of openai/whisper's timing.py.</summary>
public sealed class WhisperWordsTests
{
    private const int EndOfText = 100;

    [Fact]
    public void Punctuation_joins_the_word_it_belongs_to()
    {
        List<TimedWord> words = [Word(" ("), Word("Well"), Word(","), Word(" \""), Word("yes"), Word("!"), Word("\""), Word(")"), Word(" no")];
        WhisperTiming.MergePunctuation(words);
        Assert.Equal([" (Well,", " \"yes!\")", " no"], words.Where(w => w.Text.Length > 0).Select(w => w.Text));
        Assert.Equal([3, 5, 1], words.Where(w => w.Text.Length > 0).Select(w => w.Tokens));
    }

    [Fact]
    public void Words_go_to_the_segments_of_their_tokens_and_move_by_the_window()
    {
        var (first, second) = (Segment(10, 11, tokens: 3), Segment(11, 12, tokens: 1));
        WhisperWords.Assign([first, second], [Word(" a", 0, 0.4), Word(" b", 0.4, 0.8, tokens: 2), Word(" c", 0.8, 1.2)], EndOfText, offset: 10, lastSpeech: 10);
        Assert.Equal([(" a", 10, 10.4), (" b", 10.4, 10.8)], first.Words!.Select(w => (w.Text, w.Start, w.End)));
        Assert.Equal([(" c", 10.8, 11.2)], second.Words!.Select(w => (w.Text, w.Start, w.End)));
        Assert.Equal((10.0, 10.8, 10.8, 11.2), (first.Start, first.End, second.Start, second.End));
    }

    [Fact]
    public void A_sentence_end_that_lasts_too_long_is_cut_short()
    {
        // The median of 0.4, 0.4, 3, 0.4 is 0.4, so nothing at a sentence's end lasts longer than 0.8.
        var segment = Segment(0, 5, tokens: 4);
        WhisperWords.Assign([segment], [Word(" a", 0, 0.4), Word(" b", 0.4, 0.8), Word(".", 0.8, 3.8), Word(" c", 3.8, 4.2)], EndOfText, offset: 0, lastSpeech: 0);
        Assert.Equal([(" a", 0, 0.4), (" b.", 0.4, 0.8), (" c", 3.8, 4.2)], segment.Words!.Select(w => (w.Text, w.Start, w.End)));
    }

    [Fact]
    public void A_word_that_begins_a_sentence_too_early_begins_later()
    {
        var segment = Segment(0, 5, tokens: 4);
        WhisperWords.Assign([segment], [Word(" a", 0, 0.4), Word(".", 0.4, 0.8), Word(" b", 0.8, 3.8), Word(" c", 3.8, 4.2)], EndOfText, offset: 0, lastSpeech: 0);
        Assert.Equal((3.0, 3.8), (segment.Words![1].Start, segment.Words[1].End), new Tolerance());
    }

    [Fact]
    public void The_first_word_after_a_pause_is_not_stretched_over_the_pause()
    {
        var segment = Segment(25, 29, tokens: 4);
        WhisperWords.Assign([segment], [Word(" a", 5, 8), Word(" b", 8, 8.4), Word(" c", 8.4, 8.8), Word(" d", 8.8, 9.2)], EndOfText, offset: 20, lastSpeech: 20);
        Assert.Equal((27.2, 28.0), (segment.Words![0].Start, segment.Words[0].End), new Tolerance());
        Assert.Equal(27.2, segment.Start, tolerance: 1e-9);
    }

    [Fact]
    public void A_last_word_much_longer_than_its_segment_ends_with_it()
    {
        var segment = Segment(0, 2, tokens: 3);
        WhisperWords.Assign([segment], [Word(" a", 0, 0.6), Word(" b", 0.6, 1.2), Word(" c", 1.2, 4)], EndOfText, offset: 0, lastSpeech: 0);
        Assert.Equal((1.2, 2.0), (segment.Words![2].Start, segment.Words[2].End), new Tolerance());
        Assert.Equal(2, segment.End);
    }

    [Fact]
    public void Segments_without_words_keep_their_times()
    {
        var segment = Segment(3, 4, tokens: 0);
        WhisperWords.Assign([segment], [], EndOfText, offset: 0, lastSpeech: 0);
        Assert.Empty(segment.Words!);
        Assert.Equal((3.0, 4.0), (segment.Start, segment.End));
    }

    private static TimedWord Word(string text, double start = 0, double end = 0, int tokens = 1) => new(text, tokens, start, end, 0.9);

    private static DraftSegment Segment(double start, double end, int tokens) =>
        new(0, start, end, "", [.. Enumerable.Repeat(1, tokens)], new WindowResult([], "", 0, 0, 0, 1));

    private sealed class Tolerance : IEqualityComparer<(double, double)>
    {
        public bool Equals((double, double) x, (double, double) y) => Math.Abs(x.Item1 - y.Item1) < 1e-9 && Math.Abs(x.Item2 - y.Item2) < 1e-9;

        public int GetHashCode((double, double) obj) => 0;
    }
}
