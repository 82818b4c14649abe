using System.CommandLine;
using Parley.Text;

namespace Parley.Cli;

/// <summary>Options that lay out subtitles by timed words.</summary>
internal sealed class SubtitleOptions
{
    private readonly Option<int?> _width = new("--max-line-width") { Description = "Subtitles: most characters in a line", HelpName = "N" };
    private readonly Option<int?> _lines = new("--max-line-count") { Description = "Subtitles: most lines, with --max-line-width", HelpName = "N" };
    private readonly Option<int?> _words = new("--max-words-per-line") { Description = "Subtitles: most words in a line", HelpName = "N" };
    private readonly Option<bool> _highlight = new("--highlight-words") { Description = "Subtitles: underline each word while it is spoken" };

    private Option[] All => [_width, _lines, _words, _highlight];

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Add(option);
        }
    }

    /// <summary>The layout that was asked for; settings without any effect are an error.</summary>
    public TranscriptWriterOptions Read(ParseResult parse, string format, bool hasWords)
    {
        if (All.FirstOrDefault(o => parse.GetResult(o) is { Implicit: false }) is not { Name: var first })
        {
            return TranscriptWriterOptions.Default;
        }

        if (format is not ("srt" or "vtt" or "all"))
        {
            throw new ArgumentException($"{first} lays out subtitles; it needs --format srt, vtt or all");
        }

        if (!hasWords)
        {
            throw new ArgumentException($"{first} needs the times of words; add --word-timestamps");
        }

        foreach (var option in (Option<int?>[])[_width, _lines, _words])
        {
            if (parse.GetValue(option) is { } number and < 1)
            {
                throw new ArgumentException($"{option.Name} {number} must be 1 or more");
            }
        }

        var (width, lines, words) = (parse.GetValue(_width), parse.GetValue(_lines), parse.GetValue(_words));
        if (lines is not null && width is null)
        {
            throw new ArgumentException($"{_lines.Name} counts lines of a given width; add {_width.Name}");
        }

        return words is null || width is null
            ? new TranscriptWriterOptions(parse.GetValue(_highlight), width, lines, words)
            : throw new ArgumentException($"{_words.Name} and {_width.Name} are two ways to cut lines; give one of them");
    }
}
