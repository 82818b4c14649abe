namespace Parley.Text;

/// <summary>How subtitles are laid out; all but the first need word timestamps.</summary>
/// <param name="HighlightWords">Repeat each subtitle once per word with that word underlined while it is spoken; default false.</param>
/// <param name="MaxLineWidth">Most characters in a line, or null for no limit.</param>
/// <param name="MaxLineCount">Most lines in a subtitle, or null for no limit; counts only together with a line width.</param>
/// <param name="MaxWordsPerLine">Most words in a line, or null for no limit; a line width overrides it.</param>
public sealed record TranscriptWriterOptions(
    bool HighlightWords = false, int? MaxLineWidth = null, int? MaxLineCount = null, int? MaxWordsPerLine = null)
{
    /// <summary>One subtitle per segment.</summary>
    public static TranscriptWriterOptions Default { get; } = new();
}
