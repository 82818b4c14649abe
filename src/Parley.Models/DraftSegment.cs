using Parley.Text;

namespace Parley.Models;

/// <summary>A segment before it is final; times in seconds from the recording's start.</summary>
internal sealed class DraftSegment(int window, double start, double end, string text, IReadOnlyList<int> tokens, WindowResult result)
{
    public double Start { get; set; } = start;

    public double End { get; set; } = end;

    public string Text { get; private set; } = text;

    public IReadOnlyList<int> Tokens { get; private set; } = tokens;

    public List<TimedWord>? Words { get; set; }

    /// <summary>Leaves a segment that says nothing.</summary>
    public void Clear()
    {
        (Text, Tokens) = ("", []);
        Words?.Clear();
    }

    public TranscriptSegment ToSegment(int id) => new(
        id, TimeSpan.FromSeconds(Start), TimeSpan.FromSeconds(End), Text, Tokens, result.AverageLogProb, result.CompressionRatio, result.NoSpeechProb, result.Temperature,
        Words?.Select(w => new TranscriptWord(w.Text, TimeSpan.FromSeconds(w.Start), TimeSpan.FromSeconds(w.End), w.Probability)).ToArray(), window);
}
