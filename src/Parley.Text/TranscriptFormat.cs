namespace Parley.Text;

/// <summary>Kinds of transcript file.</summary>
public enum TranscriptFormat
{
    /// <summary>One line of text per segment.</summary>
    Text,

    /// <summary>SubRip subtitles.</summary>
    Srt,

    /// <summary>WebVTT subtitles.</summary>
    Vtt,

    /// <summary>Start, end (milliseconds) and text, between tabs.</summary>
    Tsv,

    /// <summary>Everything, times in seconds.</summary>
    Json,
}
