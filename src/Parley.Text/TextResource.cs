using System.IO.Compression;

namespace Parley.Text;

/// <summary>The lines of a compressed text that is embedded in this assembly.</summary>
internal static class TextResource
{
    /// <summary>All lines of a resource.</summary>
    public static IEnumerable<string> Lines(string name)
    {
        using var stream = typeof(TextResource).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the assembly lacks its resource '{name}'");
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }
}
