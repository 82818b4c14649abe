using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Parley.Architecture.Tests;

public sealed partial class ArchitectureTests
{
    private const int MostLines = 500;

    /// <summary>Projects by name, with the projects each may use: the table of docs/architecture.md, read, not repeated.</summary>
    private static Dictionary<string, string[]> Allowed() => TableRow().Matches(Repository.Read("docs/architecture.md")).ToDictionary(
        m => m.Groups["project"].Value,
        m => ProjectName().Matches(m.Groups["uses"].Value).Select(u => u.Groups[1].Value).ToArray());

    [Fact]
    public void Every_arrow_between_projects_is_in_the_architecture_page()
    {
        var allowed = Allowed();
        foreach (var project in Repository.Files("src", "*.csproj"))
        {
            var name = Path.GetFileNameWithoutExtension(project);
            Assert.True(allowed.ContainsKey(name), $"{project}: docs/architecture.md has no row for it");
            var unknown = Repository.References(project, "ProjectReference").Except(allowed[name]).ToArray();
            Assert.True(unknown.Length == 0, $"{project}: uses {string.Join(", ", unknown)}, which docs/architecture.md does not allow");
        }
    }

    [Fact]
    public void The_architecture_page_names_only_projects_that_exist_and_has_no_cycle()
    {
        var allowed = Allowed();
        Assert.Equal(Repository.Files("src", "*.csproj").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal), allowed.Keys.Order(StringComparer.Ordinal));
        var left = new HashSet<string>(allowed.Keys);
        while (left.Count > 0)
        {
            Assert.True(left.RemoveWhere(p => !allowed[p].Any(left.Contains)) > 0, $"these use each other in a circle: {string.Join(", ", left)}");
        }
    }

    [Fact]
    public void Every_package_is_in_the_dependencies_page_with_a_version_of_its_own()
    {
        var page = Repository.Read("docs/dependencies.md");
        var listed = PackageRow().Matches(page).Select(m => m.Groups[1].Value).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var versions = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion").Select(v => v.Attribute("Include")!.Value).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var project in Repository.Files(".", "*.csproj"))
        {
            foreach (var package in Repository.References(project, "PackageReference"))
            {
                Assert.True(listed.Contains(package), $"{project}: package {package} has no row in docs/dependencies.md");
                Assert.True(versions.Contains(package), $"{project}: package {package} has no version in Directory.Packages.props");
            }
        }
    }

    [Fact]
    public void Source_files_stay_short()
    {
        var tooLong = from file in Repository.Files("src", "*.cs")
                      let lines = Repository.Read(file).AsSpan().Count('\n')
                      where lines > MostLines
                      select $"{file}: {lines} lines";
        Assert.Empty(tooLong);
    }

    [Fact]
    public void No_file_knows_the_machine_it_was_written_on()
    {
        string[] written = ["*.cs", "*.csproj", "*.props", "*.slnx", "*.md", "*.json", "*.yml", "*.sh", "run"];
        var found = from pattern in written
                    from file in Repository.Files(".", pattern)
                    where MachinePath().IsMatch(Repository.Read(file))
                    select file;
        Assert.Empty(found.Distinct());
    }

    [Fact]
    public void Every_project_is_in_the_solution_and_the_solution_names_nothing_else()
    {
        var solution = XDocument.Load(Path.Combine(Repository.Root, "Parley.slnx")).Descendants("Project").Select(p => p.Attribute("Path")!.Value.Replace('\\', '/'));
        Assert.Equal(Repository.Files("src", "*.csproj").Concat(Repository.Files("tests", "*.csproj")).Order(StringComparer.Ordinal), solution.Where(p => p.StartsWith("src/", StringComparison.Ordinal) || p.StartsWith("tests/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_source_project_has_its_tests()
    {
        var tests = Repository.Files("tests", "*.csproj").SelectMany(t => Repository.References(t, "ProjectReference")).ToHashSet(StringComparer.Ordinal);
        var untested = from project in Repository.Files("src", "*.csproj")
                       where Repository.Files(Path.GetDirectoryName(project)!, "*.cs").Any() && !tests.Contains(Path.GetFileNameWithoutExtension(project))
                       select project;
        Assert.Empty(untested);
    }

    [Fact]
    public void Only_projects_that_need_pointers_allow_them()
    {
        var unsafeProjects = from project in Repository.Files("src", "*.csproj")
                             where XDocument.Load(Path.Combine(Repository.Root, project)).Descendants("AllowUnsafeBlocks").Any()
                             select Path.GetFileNameWithoutExtension(project);
        Assert.Equal(["Parley.Nn", "Parley.Tensors"], unsafeProjects);
    }

    [Fact]
    public void A_suppressed_warning_says_why()
    {
        var silent = from file in Repository.Files("src", "*.cs").Concat(Repository.Files("tests", "*.cs"))
                     from line in Repository.Read(file).Split('\n')
                     where BarePragma().IsMatch(line)
                     select $"{file}: {line.Trim()}";
        Assert.Empty(silent);
    }

    [GeneratedRegex(@"^\| (?<project>Parley\.[\w.]+) \| [^|]* \| (?<uses>[^|]*) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"(Parley\.[\w.]*\w)")]
    private static partial Regex ProjectName();

    [GeneratedRegex(@"^\| `?([\w.]+)`? \|", RegexOptions.Multiline)]
    private static partial Regex PackageRow();

    // Spelled with classes so that this file does not find itself.
    [GeneratedRegex(@"(?<![\w.])[/](work|root)[/]")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"^\s*#pragma warning disable [\w, ]+$")]
    private static partial Regex BarePragma();
}
