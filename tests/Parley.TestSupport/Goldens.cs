using System.Runtime.CompilerServices;

namespace Parley.TestSupport;

/// <summary>Where the committed reference fixtures are.</summary>
public static class Goldens
{
    /// <summary>Root of the checkout.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>All committed fixture folders.</summary>
    public static IEnumerable<string> All =>
        Directory.EnumerateDirectories(Path.Combine(Repository, "tests", "goldens")).Order(StringComparer.Ordinal);

    /// <summary>Full path of one committed fixture folder.</summary>
    public static string Folder(string name)
    {
        var path = Path.Combine(Repository, "tests", "goldens", name);
        return Directory.Exists(path) ? path : throw new DirectoryNotFoundException($"golden {name} is not in tests/goldens");
    }

    private static string FindRepository([CallerFilePath] string here = "")
    {
        for (var folder = Path.GetDirectoryName(here); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Parley.slnx")))
            {
                return folder;
            }
        }

        throw new DirectoryNotFoundException("no Parley.slnx above the test sources");
    }
}
