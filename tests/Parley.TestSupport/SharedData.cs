namespace Parley.TestSupport;

/// <summary>The shared data folder beside the checkout, for slow tests only.</summary>
public static class SharedData
{
    /// <summary>Full path of a file or folder below shared/data.</summary>
    public static string Find(string relative)
    {
        for (var folder = Goldens.Repository; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var shared = Environment.GetEnvironmentVariable("PARLEY_SHARED") ?? Path.Combine(folder, "shared");
            var path = Path.Combine(shared, "data", relative);
            if (File.Exists(path) || Directory.Exists(path))
            {
                return path;
            }
        }

        throw new FileNotFoundException($"{relative} is not in ../shared/data; set PARLEY_SHARED to the shared folder");
    }
}
