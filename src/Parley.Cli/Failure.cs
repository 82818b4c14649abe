using Parley.Tensors;

namespace Parley.Cli;

/// <summary>Which errors are the user's to mend, and their one line.</summary>
internal static class Failure
{
    /// <summary>Whether the message of an error is enough for a user.</summary>
    public static bool IsKnown(Exception e) => e is IOException or InvalidDataException or ArgumentException or ShapeException
        or UnauthorizedAccessException or NotSupportedException or FormatException or OutOfMemoryException
        || e is AggregateException { InnerException: { } inner } && IsKnown(inner);

    /// <summary>The message without line ends and parameter names.</summary>
    public static string Line(Exception e)
    {
        e = e is AggregateException { InnerException: { } inner } ? inner : e;
        var message = e is ArgumentException { ParamName: { } name } ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : e.Message;
        return message.ReplaceLineEndings("; ");
    }
}
