using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Parley.Text;

/// <summary>Cuts text at the matches of a pattern from a file.</summary>
/// <remarks>
/// Published patterns run as scanners. Others run as regular expressions: without backtracking where the pattern allows it, else with
/// a limit of time. Characters beyond U+FFFF are shown to the engine as one stand-in of the same category, so that \p{L} finds them.
/// huggingface/tokenizers tokenizers/src/pre_tokenizers/split.rs; the behaviours are SplitDelimiterBehavior of normalizer.rs.
/// </remarks>
internal sealed class PatternSplit : PreTokenizer
{
    private const string Cl100kForm =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{DIGITS}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly string _where;
    private readonly Regex _pattern;
    private readonly string _behavior;
    private readonly bool _invert;

    private PatternSplit(string where, Regex pattern, string behavior, bool invert)
    {
        (_where, _pattern, _behavior, _invert) = (where, pattern, behavior, invert);
        if (behavior is not ("Removed" or "Isolated" or "MergedWithPrevious" or "MergedWithNext" or "Contiguous"))
        {
            throw new InvalidDataException($"{where}: split behavior '{behavior}' is not supported");
        }
    }

    /// <summary>Reads a Split step.</summary>
    public static PreTokenizer Read(JsonElement json, string where)
    {
        var pattern = json.Member(where, "pattern") ?? throw new InvalidDataException($"{where}: Split has no 'pattern'");
        var behavior = json.Text(where, "behavior") ?? throw new InvalidDataException($"{where}: Split has no 'behavior'");
        var invert = json.Flag(where, "invert", otherwise: false);
        var expression = pattern.Text(where, "Regex");
        var literal = pattern.Text(where, "String");
        if (expression is null && string.IsNullOrEmpty(literal))
        {
            throw new InvalidDataException($"{where}: the pattern of Split must be a Regex or a String that is not empty");
        }

        // Isolated matches of these patterns, and inverted removal, both give exactly the matches: they cover every text.
        if (expression is not null && (behavior == "Isolated" || (behavior == "Removed" && invert)))
        {
            switch (expression)
            {
                case WordScanners.Gpt2Pattern:
                    return new Scan(WordScanners.Gpt2);
                case var _ when expression == Cl100kForm.Replace("{DIGITS}", "{1,3}", StringComparison.Ordinal):
                    return new Scan(text => WordScanners.Cl100k(text, digits: 3));
                case var _ when expression == Cl100kForm.Replace("{DIGITS}", "", StringComparison.Ordinal):
                    return new Scan(text => WordScanners.Cl100k(text, digits: 1));
            }
        }

        return new PatternSplit(where, Compile(expression ?? Regex.Escape(literal!), where), behavior, invert);
    }

    /// <summary>Cuts digits off other text, all of a number together or each alone.</summary>
    public static PreTokenizer Digits(bool individual) =>
        new PatternSplit("Digits", Compile(@"\p{N}", "Digits"), individual ? "Isolated" : "Contiguous", invert: false);

    /// <summary>Keeps runs of word characters and runs of everything else but white space.</summary>
    public static PreTokenizer Whitespace() => new PatternSplit("Whitespace", Compile(@"\w+|[^\w\s]+", "Whitespace"), "Removed", invert: true);

    /// <summary>Keeps what is not white space.</summary>
    public static PreTokenizer WhitespaceSplit() => new PatternSplit("WhitespaceSplit", Compile(@"\s", "WhitespaceSplit"), "Removed", invert: false);

    /// <summary>Cuts at punctuation.</summary>
    public static PreTokenizer Punctuation(string behavior, string where) =>
        new PatternSplit(where, Compile(@"[\p{P}!-/:-@\[-`{-~]", where), behavior, invert: false);

    /// <summary>A regular expression that cannot hang.</summary>
    public static Regex Compile(string expression, string where)
    {
        if (expression.Length > 4096)
        {
            throw new InvalidDataException($"{where}: a pattern of {expression.Length} characters is more than is read (4096)");
        }

        try
        {
            return new Regex(expression, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Limit);
        }
        catch (NotSupportedException)
        {
            return new Regex(expression, RegexOptions.CultureInvariant, Limit);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{where}: the pattern is not supported: {e.Message}", e);
        }
    }

    /// <summary>Runs a match; running out of time is a fault of the file.</summary>
    public static T Guard<T>(string where, Func<T> match)
    {
        try
        {
            return match();
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InvalidDataException($"{where}: the pattern took longer than {Limit.TotalSeconds} s on a text", e);
        }
    }

    /// <inheritdoc/>
    public override void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> pieces)
    {
        var (shadow, starts) = Shadow(piece.Span);
        var cuts = Guard(_where, () =>
        {
            List<(int Start, int End, bool Match)> found = [];
            var from = 0;
            foreach (var match in _pattern.EnumerateMatches(shadow))
            {
                if (match.Length == 0)
                {
                    continue;
                }

                if (match.Index > from)
                {
                    found.Add((from, match.Index, _invert));
                }

                from = match.Index + match.Length;
                found.Add((match.Index, from, !_invert));
            }

            if (from < shadow.Length)
            {
                found.Add((from, shadow.Length, _invert));
            }

            return found;
        });
        foreach (var (start, end) in Arrange(cuts))
        {
            pieces.Add(starts is null ? piece[start..end] : piece[starts[start]..starts[end]]);
        }
    }

    // Each piece is text between matches or a match; the behaviour says which of them stay, and joined to what.
    private List<(int Start, int End)> Arrange(List<(int Start, int End, bool Match)> cuts)
    {
        List<(int Start, int End)> result = [];
        var previousMatch = false;
        for (var i = 0; i < cuts.Count; i++)
        {
            var (start, end, match) = cuts[i];
            var join = _behavior switch
            {
                "Contiguous" => i > 0 && match == previousMatch,
                "MergedWithPrevious" => i > 0 && match && !previousMatch,
                "MergedWithNext" => i > 0 && !match && previousMatch,
                _ => false,
            };
            if (join)
            {
                result[^1] = (result[^1].Start, end);
            }
            else if (_behavior != "Removed" || !match)
            {
                result.Add((start, end));
            }

            previousMatch = match;
        }

        return result;
    }

    private static (string Shadow, int[]? Starts) Shadow(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return (text.ToString(), null);
        }

        var shadow = new StringBuilder(text.Length);
        List<int> starts = [];
        for (var at = 0; at < text.Length;)
        {
            starts.Add(at);
            Rune.DecodeFromUtf16(text[at..], out var rune, out var used);
            shadow.Append(rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune)));
            at += used;
        }

        starts.Add(text.Length);
        return (shadow.ToString(), [.. starts]);
    }

    private static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u10A0',
        UnicodeCategory.LowercaseLetter => '\u2C30',
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\uA717',
        UnicodeCategory.OtherLetter => '\uA000',
        UnicodeCategory.NonSpacingMark => '\uA6F0',
        UnicodeCategory.SpacingCombiningMark => '\uA823',
        UnicodeCategory.EnclosingMark => '\uA670',
        UnicodeCategory.DecimalDigitNumber => '\uA620',
        UnicodeCategory.LetterNumber => '\uA6E6',
        UnicodeCategory.OtherNumber => '\uA830',
        UnicodeCategory.ConnectorPunctuation => '\uFE33',
        UnicodeCategory.DashPunctuation => '\uFE31',
        UnicodeCategory.OtherPunctuation => '\uA6F2',
        UnicodeCategory.MathSymbol => '\uFB29',
        UnicodeCategory.CurrencySymbol => '\uA838',
        UnicodeCategory.ModifierSymbol => '\uA700',
        UnicodeCategory.Format => '\uFFF9',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.OtherNotAssigned => '\uFFFF',
        _ => '\uA828',
    };
}
