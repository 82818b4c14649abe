using System.IO.Enumeration;

namespace Parley.Cli;

/// <summary>What the user calls files, spelt out: files, globs and folders.</summary>
internal static class InputFiles
{
    /// <summary>The argument that stands for standard input.</summary>
    public const string StandardInput = "-";

    private static readonly string[] s_extensions =
    [
        ".wav", ".wave", ".flac", ".mp3", ".m4a", ".m4b", ".mp4", ".aac", ".ogg", ".oga", ".opus", ".webm", ".mkv", ".mka", ".mov", ".avi",
        ".wma", ".aif", ".aiff", ".caf", ".amr", ".au", ".rf64", ".w64", ".ac3", ".3gp",
    ];

    /// <summary>The files that an argument means, in a fixed order; a name without wildcards is passed on whether it exists or not.</summary>
    /// <exception cref="InvalidDataException">A folder or a pattern without any sound file.</exception>
    public static IReadOnlyList<string> Expand(string argument)
    {
        if (argument == StandardInput || File.Exists(argument))
        {
            return [argument];
        }

        if (Directory.Exists(argument))
        {
            return Sound(argument) is { Count: > 0 } all ? all : throw new InvalidDataException($"{argument}: no sound files in this folder");
        }

        if (argument.AsSpan().IndexOfAny('*', '?') < 0)
        {
            return [argument];
        }

        return Glob(argument) is { Count: > 0 } found ? found : throw new InvalidDataException($"{argument}: no file matches");
    }

    private static List<string> Sound(string folder)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System };
        var files = Directory.EnumerateFiles(folder, "*", options).Where(f => s_extensions.Contains(Path.GetExtension(f).ToLowerInvariant())).ToList();
        files.Sort(StringComparer.Ordinal);
        return files;
    }

    /// <summary>Matches a pattern part by part: * and ? within a name, ** for any folders.</summary>
    private static List<string> Glob(string pattern)
    {
        var root = Path.GetPathRoot(pattern) ?? "";
        var parts = pattern[root.Length..].Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
        HashSet<string> found = new(StringComparer.Ordinal);
        Match(root, parts, found);
        List<string> sorted = [.. found];
        sorted.Sort(StringComparer.Ordinal);
        return sorted;
    }

    private static void Match(string folder, ReadOnlySpan<string> parts, HashSet<string> found)
    {
        var here = folder.Length == 0 ? "." : folder;
        var part = parts[0];
        var rest = parts[1..];
        if (part == "**")
        {
            if (rest.Length == 0)
            {
                rest = new[] { "*" };
            }

            Match(folder, rest, found);
            foreach (var inner in Directory.EnumerateDirectories(here, "*", new EnumerationOptions { RecurseSubdirectories = true }))
            {
                Match(folder.Length == 0 ? Path.GetRelativePath(here, inner) : inner, rest, found);
            }

            return;
        }

        if (part.AsSpan().IndexOfAny('*', '?') < 0)
        {
            var path = Path.Combine(folder, part);
            if (rest.Length == 0 && File.Exists(path))
            {
                found.Add(path);
            }
            else if (rest.Length > 0 && Directory.Exists(path))
            {
                Match(path, rest, found);
            }

            return;
        }

        var options = new EnumerationOptions { AttributesToSkip = part[0] == '.' ? 0 : FileAttributes.Hidden };
        foreach (var entry in rest.Length == 0 ? Directory.EnumerateFiles(here, "*", options) : Directory.EnumerateDirectories(here, "*", options))
        {
            var name = Path.GetFileName(entry);
            if (!FileSystemName.MatchesSimpleExpression(part, name, ignoreCase: false))
            {
                continue;
            }

            if (rest.Length == 0)
            {
                found.Add(Path.Combine(folder, name));
            }
            else
            {
                Match(Path.Combine(folder, name), rest, found);
            }
        }
    }
}
