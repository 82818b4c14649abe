using System.Text;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary>Which errors are the user's to mend, and their one line.</summary>
internal static class Failure
{
    /// <summary>Whether the message of an error is enough for a user.</summary>
    public static bool IsKnown(Exception e) => e is IOException or InvalidDataException or ArgumentException or ShapeException
        or UnauthorizedAccessException or NotSupportedException or FormatException or OutOfMemoryException or Training.TrainingException
        || e is AggregateException { InnerException: { } inner } && IsKnown(inner);

    /// <summary>Whether an output failed because nobody reads it any more: EPIPE, or what Windows calls it.</summary>
    public static bool IsBrokenPipe(IOException e) => e.HResult is 32 or unchecked((int)0x8007006D) or unchecked((int)0x800700E8);

    /// <summary>The message without line ends and parameter names.</summary>
    public static string Line(Exception e)
    {
        e = e is AggregateException { InnerException: { } inner } ? inner : e;
        return e switch
        {
            ArgumentException { ParamName: { } name } => OneLine(e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)),
            IOException full when IsDiskFull(full) => $"{Place(full.Message)}no space left on the disk; free some, or write to another one",
            _ => OneLine(e.Message),
        };
    }

    /// <summary>Text for one line of a terminal: line ends become semicolons, other control and direction characters go.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var part in text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            line.Append(line.Length == 0 ? "" : line[^1] == ':' ? " " : "; ");
            foreach (var c in part.Where(c => !char.IsControl(c) && char.GetUnicodeCategory(c) != System.Globalization.UnicodeCategory.Format))
            {
                line.Append(c);
            }
        }

        return line.ToString();
    }

    // ENOSPC, EFBIG and EDQUOT; the full handle and the full disk of Windows.
    private static bool IsDiskFull(IOException e) => e.HResult is 28 or 27 or 122 or unchecked((int)0x80070027) or unchecked((int)0x80070070);

    // The runtime puts the path at the end: No space left on device : '/data/a.txt'
    private static string Place(string message) =>
        message.Split('\'') is [_, { Length: > 0 } path, _] ? $"{OneLine(path)}: " : "";
}
