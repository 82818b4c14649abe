namespace Parley.Nn;

/// <summary>Paths with every symbolic link on the way followed.</summary>
internal static class RealPath
{
    private const int MaxLinks = 40;

    /// <summary>The real path of a file or folder, as the operating system would open it.</summary>
    public static string Of(string path)
    {
        var pending = new Stack<string>();
        var full = Path.GetFullPath(path);
        var real = Path.GetPathRoot(full)!;
        Push(pending, full[real.Length..]);
        for (var links = 0; pending.TryPop(out var part);)
        {
            if (part is "" or ".")
            {
                continue;
            }

            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }

            var next = Path.Combine(real, part);
            var target = new FileInfo(next).LinkTarget;
            if (target is null)
            {
                real = next;
                continue;
            }

            if (++links > MaxLinks)
            {
                throw new InvalidDataException($"{path}: more than {MaxLinks} symbolic links in a row");
            }

            if (Path.IsPathRooted(target))
            {
                real = Path.GetPathRoot(target)!;
                target = target[real.Length..];
            }

            Push(pending, target);
        }

        return real;
    }

    /// <summary>Whether a real path is below a real folder.</summary>
    public static bool IsBelow(string path, string folder) =>
        path.StartsWith(folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static void Push(Stack<string> pending, string path)
    {
        foreach (var part in path.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar).Reverse())
        {
            pending.Push(part);
        }
    }
}
