using Parley.Text;

namespace Parley.Models;

/// <summary>Cuts what one window said into segments.</summary>
/// <remarks>Follows the seek rules of openai/whisper:whisper/transcribe.py.</remarks>
internal static class WhisperSegments
{
    private const double FramesPerSecond = 100;
    private const int FramesPerStamp = 2;

    /// <summary>Cuts the tokens of a window at pairs of time stamps; says where the next window starts.</summary>
    /// <param name="result">What was decoded.</param>
    /// <param name="ids">The checkpoint's ids.</param>
    /// <param name="tokenizer">Gives the text.</param>
    /// <param name="window">First frame of the window.</param>
    /// <param name="size">Frames of recording in it.</param>
    /// <param name="final">The window will not be heard again: a last segment without an end stamp is kept, and no time lies outside the window.</param>
    public static (List<DraftSegment> Segments, int Next, bool EndsInSilence) Split(
        WindowResult result, WhisperVocabulary ids, WhisperTokenizer tokenizer, int window, int size, bool final)
    {
        var (tokens, first, offset) = (result.Tokens, ids.FirstTimestamp, window / FramesPerSecond);
        bool IsStamp(int i) => tokens[i] >= first;
        var length = size / FramesPerSecond;

        // Without the rules of time stamps a text may begin with a word, or go back in time.
        double Seconds(int token) => Math.Min(Math.Max(0, token - first) * WhisperVocabulary.SecondsPerStamp, final ? length : double.PositiveInfinity);
        var endsInSilence = tokens.Count >= 2 && IsStamp(tokens.Count - 1) && !IsStamp(tokens.Count - 2);
        var cuts = Enumerable.Range(1, Math.Max(0, tokens.Count - 1)).Where(i => IsStamp(i) && IsStamp(i - 1)).ToList();
        var segments = new List<DraftSegment>();
        if (cuts.Count == 0)
        {
            var last = tokens.LastOrDefault(t => t >= first, first);
            segments.Add(Draft(tokens, offset, offset + (last != first ? Seconds(last) : length)));
            return (segments, window + size, endsInSilence);
        }

        if (endsInSilence)
        {
            cuts.Add(tokens.Count);
        }

        var from = 0;
        foreach (var cut in cuts)
        {
            int[] part = [.. tokens.Skip(from).Take(cut - from)];
            segments.Add(Draft(part, offset + Seconds(part[0]), offset + Seconds(part[^1])));
            from = cut;
        }

        if (final && tokens.Skip(from).Any(t => t < ids.EndOfText))
        {
            int[] tail = [.. tokens.Skip(from)];
            segments.Add(Draft(tail, offset + Seconds(tail[0]), offset + length));
        }

        return (segments, endsInSilence ? window + size : window + ((tokens[from - 1] - first) * FramesPerStamp), endsInSilence);

        DraftSegment Draft(IReadOnlyList<int> part, double start, double end) =>
            new(window, start, Math.Max(start, end), tokenizer.Decode([.. part.Where(t => t < ids.EndOfText)]), part, result);
    }
}
