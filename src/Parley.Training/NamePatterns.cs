using System.IO.Enumeration;

namespace Parley.Training;

/// <summary>Names of parameters by pattern: * stands for any text, ? for one character.</summary>
internal static class NamePatterns
{
    /// <summary>Whether a name fits any of the patterns.</summary>
    internal static Func<string, bool> Of(IReadOnlyList<string>? patterns) => name =>
        patterns is not null && patterns.Any(p => FileSystemName.MatchesSimpleExpression(p, name, ignoreCase: false));
}
