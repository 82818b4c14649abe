using System.Globalization;
using System.Text.RegularExpressions;

namespace Parley.Text;

/// <summary>Writes the numbers, ordinals and amounts of money in English text with digits.</summary>
/// <remarks>openai/whisper whisper/normalizers/english.py.</remarks>
internal static class EnglishNumbers
{
    private const string Edge = TextCleaning.Edge;
    private const string Space = TextCleaning.Space;

    private static readonly Regex Half = new($"{Edge}and{Space}+a{Space}+half{Edge}", RegexOptions.CultureInvariant);
    private static readonly Regex Amount = new($"([€£$])([0-9]+) (?:and )?¢([0-9]{{1,2}}){Edge}", RegexOptions.CultureInvariant);
    private static readonly Regex Cents = new($"[€£$]0.([0-9]{{1,2}}){Edge}", RegexOptions.CultureInvariant);

    private static readonly (Regex Pattern, string To)[] Before =
    [
        EnglishTextNormalizer.Rule("([a-z])([0-9])", "$1 $2"),
        EnglishTextNormalizer.Rule("([0-9])([a-z])", "$1 $2"),
        EnglishTextNormalizer.Rule($"([0-9]){Space}+(st|nd|rd|th|s){Edge}", "$1$2"),
    ];

    private static readonly (Regex Pattern, string To)[] After = [EnglishTextNormalizer.Rule($"{Edge}1(s?){Edge}", "one$1")];

    /// <summary>The text with its numbers in digits and one space between words.</summary>
    public static string Apply(string text)
    {
        var words = TextCleaning.Words(EnglishTextNormalizer.Apply(Before, Halves(text)));
        var counted = string.Join(' ', new EnglishNumberReader(words).Read());
        counted = Amount.Replace(counted, m => $"{m.Groups[1].Value}{m.Groups[2].Value}.{Whole(m.Groups[3].Value):00}");
        counted = Cents.Replace(counted, m => $"¢{Whole(m.Groups[1].Value)}");
        return EnglishTextNormalizer.Apply(After, counted);
    }

    private static int Whole(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    // "two and a half" is read as "two point five".
    private static string Halves(string text)
    {
        var segments = Half.Split(text);
        List<string> parts = [];
        for (var i = 0; i < segments.Length; i++)
        {
            if (TextCleaning.Words(segments[i]) is not [.., var last])
            {
                continue;
            }

            parts.Add(segments[i]);
            if (i < segments.Length - 1)
            {
                parts.Add(EnglishNumberWords.Decimal(last) || EnglishNumberWords.Multipliers.ContainsKey(last) ? "point five" : "and a half");
            }
        }

        return string.Join(' ', parts);
    }
}
