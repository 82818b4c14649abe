namespace Parley.Cli;

/// <summary>Files that are there whole or not at all.</summary>
internal static class AtomicFile
{
    /// <summary>Throws when a name for a file is that of a folder: better before the work than after it.</summary>
    public static void CheckFile(string? path)
    {
        if (path is not null && (Directory.Exists(path) || Path.EndsInDirectorySeparator(path)))
        {
            throw new IOException($"{path}: this is a folder; give the name of a file to write");
        }
    }

    /// <summary>Throws when a name for a folder is that of a file.</summary>
    public static void CheckFolder(string? path)
    {
        if (path is not null && File.Exists(path))
        {
            throw new IOException($"{path}: this is a file; give the name of a folder to write to");
        }
    }

    /// <summary>Writes beside the path, then takes its place.</summary>
    public static void Write(string path, Action<TextWriter> write)
    {
        CheckFile(path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        CheckFolder(folder);
        Directory.CreateDirectory(folder);
        var temporary = $"{path}.{Environment.ProcessId}.part";
        try
        {
            using (var writer = new StreamWriter(temporary))
            {
                write(writer);
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
