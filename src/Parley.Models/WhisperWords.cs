namespace Parley.Models;

/// <summary>Gives timed words to their segments and reins in words that the alignment stretched over a pause.</summary>
/// <remarks>The limits are those of openai/whisper:whisper/timing.py, add_word_timestamps.</remarks>
internal static class WhisperWords
{
    private const string SentenceEnds = ".。!！?？";
    private const double LongestMedian = 0.7;

    public static void Assign(List<DraftSegment> segments, List<TimedWord> words, int endOfText, double offset, double lastSpeech)
    {
        var durations = words.Select(w => w.End - w.Start).Where(d => d != 0).Order().ToArray();
        var median = Math.Min(LongestMedian, Median(durations));
        var longest = 2 * median;
        for (var i = 1; i < words.Count && durations.Length > 0; i++)
        {
            if (words[i].End - words[i].Start > longest)
            {
                if (EndsSentence(words[i]))
                {
                    words[i].End = words[i].Start + longest;
                }
                else if (EndsSentence(words[i - 1]))
                {
                    words[i].Start = words[i].End - longest;
                }
            }
        }

        WhisperTiming.MergePunctuation(words);
        var next = 0;
        foreach (var segment in segments)
        {
            var tokens = segment.Tokens.Count(t => t < endOfText);
            var own = new List<TimedWord>();
            for (var taken = 0; next < words.Count && taken < tokens; next++)
            {
                var word = words[next];
                taken += word.Tokens;
                if (word.Text.Length > 0)
                {
                    (word.Start, word.End) = (Math.Round(offset + word.Start, 2), Math.Round(offset + word.End, 2));
                    own.Add(word);
                }
            }

            segment.Words = own;
            if (own.Count > 0)
            {
                Limit(segment, own, median, longest, lastSpeech);
                lastSpeech = segment.End;
            }
        }
    }

    /// <summary>When the last word ends; the last segment, where no word was timed.</summary>
    public static double? LastEnd(IReadOnlyList<DraftSegment> segments) =>
        segments.SelectMany(s => s.Words ?? []).LastOrDefault()?.End ?? (segments.Count > 0 ? segments[^1].End : null);

    private static void Limit(DraftSegment segment, List<TimedWord> words, double median, double longest, double lastSpeech)
    {
        var (first, last) = (words[0], words[^1]);
        var second = words.Count > 1 ? words[1] : null;
        var afterPause = first.End - lastSpeech > 4 * median;
        if (afterPause && (first.End - first.Start > longest || (second is not null && second.End - first.Start > 2 * longest)))
        {
            if (second is not null && second.End - second.Start > longest)
            {
                first.End = second.Start = Math.Max(second.End / 2, second.End - longest);
            }

            first.Start = Math.Max(0, first.End - longest);
        }

        if (segment.Start < first.End && segment.Start - 0.5 > first.Start)
        {
            first.Start = Math.Max(0, Math.Min(first.End - median, segment.Start));
        }
        else
        {
            segment.Start = first.Start;
        }

        if (segment.End > last.Start && segment.End + 0.5 < last.End)
        {
            last.End = Math.Max(last.Start + median, segment.End);
        }
        else
        {
            segment.End = last.End;
        }
    }

    private static bool EndsSentence(TimedWord word) => SentenceEnds.Contains(word.Text, StringComparison.Ordinal);

    private static double Median(double[] sorted) =>
        sorted.Length == 0 ? 0 : sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
}
