using System.Text.RegularExpressions;

namespace Parley.Text;

/// <summary>Makes English text comparable: contractions spelled out, numbers in digits, American spelling, no punctuation.</summary>
/// <remarks>openai/whisper whisper/normalizers/english.py.</remarks>
public sealed class EnglishTextNormalizer
{
    private const string Edge = TextCleaning.Edge;
    private const string Space = TextCleaning.Space;
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Published = new(ReadSpelling);

    private static readonly (Regex Pattern, string To)[] Before =
    [
        Rule($"{Edge}(?:hmm|mm|mhm|mmm|uh|um){Edge}", ""),
        Rule($"(?<!{Space}){Space}+'", "'"),
        .. EnglishContractions.All.Select(pair => Rule((pair.From[0] == '\'' || pair.From == "n't" ? "" : Edge) + pair.From + Edge, pair.To)),
        Rule(@"(\d),(\d)", "$1$2"),
        Rule(@"\.([^0-9]|$)", " $1"),
    ];

    private static readonly (Regex Pattern, string To)[] After =
    [
        Rule("[.$¢€£]([^0-9])", " $1"),
        Rule("([^0-9])%", "$1 "),
    ];

    private readonly IReadOnlyDictionary<string, string> spelling;

    /// <summary>Makes a normaliser with a spelling table, or with the published table of British to American spelling.</summary>
    public EnglishTextNormalizer(IReadOnlyDictionary<string, string>? spelling = null) => this.spelling = spelling ?? Published.Value;

    /// <summary>The normalised text.</summary>
    public string Normalize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = Apply(Before, TextCleaning.WithoutBrackets(TextCleaning.Lower(text)));
        text = EnglishNumbers.Apply(TextCleaning.WithoutDiacritics(text, keep: ".%$¢€£"));
        text = string.Join(' ', TextCleaning.Words(text).Select(word => spelling.GetValueOrDefault(word, word)));
        return TextCleaning.OneSpace(Apply(After, text));
    }

    /// <summary>A replacement of a pattern.</summary>
    internal static (Regex Pattern, string To) Rule(string pattern, string to) => (new Regex(pattern, RegexOptions.CultureInvariant), to);

    /// <summary>All replacements, one after the other.</summary>
    internal static string Apply(IEnumerable<(Regex Pattern, string To)> rules, string text) =>
        rules.Aggregate(text, (now, rule) => rule.Pattern.Replace(now, rule.To));

    private static Dictionary<string, string> ReadSpelling() =>
        TextResource.Lines("english-spelling.gz").Select(line => line.Split('\t')).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
}
