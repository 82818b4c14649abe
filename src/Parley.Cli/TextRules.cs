using Parley.Text;

namespace Parley.Cli;

/// <summary>Names of text normalisers.</summary>
internal static class TextRules
{
    /// <summary>All of them.</summary>
    public static string[] Names { get; } = ["none", "basic", "english"];

    /// <summary>The normaliser of a name.</summary>
    public static Func<string, string> Of(string name) => name switch
    {
        "none" => text => text,
        "basic" => new BasicTextNormalizer().Normalize,
        "english" => new EnglishTextNormalizer().Normalize,
        _ => throw new ArgumentException($"normalizer {name} is none of {string.Join(", ", Names)}"),
    };
}
