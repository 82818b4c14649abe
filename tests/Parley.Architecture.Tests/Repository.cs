using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Parley.Architecture.Tests;

/// <summary>The checkout that these tests were compiled in.</summary>
internal static class Repository
{
    private static readonly string[] s_built = ["bin", "obj", "artifacts", "TestResults"];

    public static string Root { get; } = FindRoot();

    /// <summary>Text of a file, by its path from the root.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Paths from the root, with slashes, of what is written by hand: no build output, no hidden folders of tools.</summary>
    public static IEnumerable<string> Files(string folder, string pattern)
    {
        var start = Path.Combine(Root, folder);
        return Directory.Exists(start) ? Walk(start, pattern).Order(StringComparer.Ordinal) : [];
    }

    /// <summary>What a project includes of one kind: the file names, without folders and extension, of its references.</summary>
    public static IEnumerable<string> References(string project, string kind) =>
        from item in XDocument.Load(Path.Combine(Root, project)).Descendants(kind)
        let name = item.Attribute("Include")!.Value.Replace('\\', '/')
        select kind == "ProjectReference" ? Path.GetFileNameWithoutExtension(name) : name;

    private static IEnumerable<string> Walk(string folder, string pattern)
    {
        foreach (var file in Directory.EnumerateFiles(folder, pattern))
        {
            yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
        }

        foreach (var inner in Directory.EnumerateDirectories(folder).Where(d => !s_built.Contains(Path.GetFileName(d)) && Path.GetFileName(d) != ".git"))
        {
            foreach (var file in Walk(inner, pattern))
            {
                yield return file;
            }
        }
    }

    private static string FindRoot([CallerFilePath] string source = "")
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(source)! })
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Parley.slnx")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new InvalidDataException($"no Parley.slnx above {AppContext.BaseDirectory}: run the tests inside a checkout");
    }
}
