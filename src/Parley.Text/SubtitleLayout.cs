using System.Text;

namespace Parley.Text;

/// <summary>Lays segments and timed words out as subtitles.</summary>
/// <remarks>openai/whisper whisper/utils.py, SubtitlesWriter.iterate_result, at v20250625.</remarks>
internal static class SubtitleLayout
{
    private static readonly TimeSpan LongPause = TimeSpan.FromSeconds(3);

    /// <summary>The subtitles: by words where every segment has them, else one per segment.</summary>
    public static IEnumerable<(TimeSpan Start, TimeSpan End, string Text)> Arrange(
        IReadOnlyList<TranscriptSegment> segments, TranscriptWriterOptions options)
    {
        if (segments.Count > 0 && segments.All(s => s.Words is not null))
        {
            return Subtitles(segments, options).SelectMany(words => options.HighlightWords ? Highlighted(words) : [Plain(words)]);
        }

        return segments.Select(s => (s.Start, s.End, Safe(s.Text.Trim())));
    }

    private static (TimeSpan Start, TimeSpan End, string Text) Plain(List<TranscriptWord> words) =>
        (words[0].Start, words[^1].End, Safe(string.Concat(words.Select(w => w.Text))));

    private static IEnumerable<(TimeSpan Start, TimeSpan End, string Text)> Highlighted(List<TranscriptWord> words)
    {
        var (last, _, plain) = Plain(words);
        for (var i = 0; i < words.Count; i++)
        {
            if (Shown(last) != Shown(words[i].Start))
            {
                yield return (last, words[i].Start, plain);
            }

            var text = new StringBuilder();
            for (var j = 0; j < words.Count; j++)
            {
                var word = Safe(words[j].Text);
                var bare = word.TrimStart();
                text.Append(j == i ? $"{word[..^bare.Length]}<u>{bare}</u>" : word);
            }

            yield return (words[i].Start, words[i].End, text.ToString());
            last = words[i].End;
        }
    }

    // Two times are the same when they are written the same.
    private static long Shown(TimeSpan time) => (long)Math.Round(time.TotalMilliseconds, MidpointRounding.ToEven);

    private static IEnumerable<List<TranscriptWord>> Subtitles(IReadOnlyList<TranscriptSegment> segments, TranscriptWriterOptions options)
    {
        var bySegment = options.MaxLineCount is null || options.MaxLineWidth is null;
        var (width, perLine) = (options.MaxLineWidth ?? 1000, Math.Max(1, options.MaxWordsPerLine ?? 1000));
        var (length, lines) = (0, 1);
        List<TranscriptWord> subtitle = [];
        var last = segments.SelectMany(s => s.Words!).FirstOrDefault()?.Start ?? segments[0].Start;
        foreach (var segment in segments)
        {
            var words = segment.Words!;
            for (var i = 0; i < words.Count; i++)
            {
                var word = words[i];
                var pause = !bySegment && word.Start - last > LongPause;
                var segmentBreak = i % perLine == 0 && subtitle.Count > 0 && bySegment;
                if (length > 0 && length + word.Text.Length <= width && !pause && !segmentBreak)
                {
                    length += word.Text.Length;
                }
                else
                {
                    word = word with { Text = word.Text.Trim() };
                    if ((subtitle.Count > 0 && options.MaxLineCount is { } most && (pause || lines >= most)) || segmentBreak)
                    {
                        yield return subtitle;
                        subtitle = [];
                        lines = 1;
                    }
                    else if (length > 0)
                    {
                        lines++;
                        word = word with { Text = "\n" + word.Text };
                    }

                    length = word.Text.Trim().Length;
                }

                subtitle.Add(word);
                last = word.Start;
            }
        }

        if (subtitle.Count > 0)
        {
            yield return subtitle;
        }
    }

    // An arrow inside the text would end the cue's time line for some players.
    private static string Safe(string text) => text.Replace("-->", "->", StringComparison.Ordinal);
}
