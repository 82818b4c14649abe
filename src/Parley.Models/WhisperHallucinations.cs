namespace Parley.Models;

/// <summary>Seconds from the recording's start: of the window, of its nominal end, of what it holds, of the whole recording.</summary>
internal readonly record struct WindowTimes(double Start, double NominalEnd, double Content, double Recording);

/// <summary>What to do about a window with unlikely words.</summary>
/// <param name="Seek">Where the next window starts, in seconds; null: see the rest.</param>
/// <param name="ToWindowEnd">The next window starts at the end of this one.</param>
/// <param name="DropAll">Nothing of this window is kept.</param>
internal readonly record struct HallucinationVerdict(double? Seek, bool ToWindowEnd, bool DropAll);

/// <summary>Finds words that were made up for silence: improbable, too short or too long, with silence around them.</summary>
/// <remarks>The scores and limits are those of openai/whisper:whisper/transcribe.py, hallucination_silence_threshold.</remarks>
internal static class WhisperHallucinations
{
    private const string Punctuation = "\"'“¿([{-\"'.。,，!！?？:：”)]}、";
    private const int JudgedWords = 8;

    /// <summary>Judges a window; segments that are to be dropped are removed from the list.</summary>
    public static HallucinationVerdict? Check(List<DraftSegment> segments, WindowTimes window, bool endsInSilence, double lastSpeech, double threshold)
    {
        HallucinationVerdict? verdict = null;
        if (!endsInSilence && WhisperWords.LastEnd(segments) is { } end && end > window.Start)
        {
            verdict = window.NominalEnd - end > threshold ? new(end, false, false) : new(null, ToWindowEnd: true, false);
        }

        // Silence before a first segment that is unlikely: start again where it begins.
        var first = segments.Find(HasWords);
        if (first is not null && IsUnlikely(first) && first.Start - window.Start > threshold)
        {
            return new(first.Start, false, DropAll: true);
        }

        var heardUntil = lastSpeech;
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            if (!HasWords(segment))
            {
                continue;
            }

            if (IsUnlikely(segment))
            {
                var following = segments.Skip(i + 1).FirstOrDefault(HasWords);
                var nextStart = following?.Words![0].Start ?? window.Start + window.Content;
                var silenceBefore = segment.Start - heardUntil > threshold || segment.Start < threshold || segment.Start - window.Start < 2;
                var silenceAfter = nextStart - segment.End > threshold || (following is not null && IsUnlikely(following)) || window.NominalEnd - segment.End < 2;
                if (silenceBefore && silenceAfter)
                {
                    segments.RemoveRange(i, segments.Count - i);
                    var seek = window.Recording - segment.End < threshold ? window.Recording : Math.Max(window.Start + 1, segment.Start);
                    return new(seek, false, false);
                }
            }

            heardUntil = segment.End;
        }

        return verdict;
    }

    private static bool HasWords(DraftSegment segment) => segment.Words is { Count: > 0 };

    private static bool IsUnlikely(DraftSegment segment)
    {
        var words = segment.Words!.Where(w => !Punctuation.Contains(w.Text, StringComparison.Ordinal)).Take(JudgedWords).ToArray();
        var score = words.Sum(Unlikeliness);
        return score >= 3 || score + 0.01 >= words.Length;
    }

    private static double Unlikeliness(TimedWord word)
    {
        var duration = word.End - word.Start;
        return (word.Probability < 0.15 ? 1 : 0) + (duration < 0.133 ? (0.133 - duration) * 15 : 0) + (duration > 2 ? duration - 2 : 0);
    }
}
