using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Parley.Text;

/// <summary>The steps that the basic and the English normaliser share.</summary>
/// <remarks>openai/whisper whisper/normalizers/basic.py; white space and word characters are those of Python.</remarks>
internal static class TextCleaning
{
    /// <summary>A pattern of one white-space character.</summary>
    public const string Space = @"[\s\x1c-\x1f]";

    /// <summary>A pattern of a place between a word character and one that is not.</summary>
    public const string Edge = @"(?:(?<=[\p{L}\p{N}_])(?![\p{L}\p{N}_])|(?<![\p{L}\p{N}_])(?=[\p{L}\p{N}_]))";

    private static readonly Regex Spaces = new(Space + "+", RegexOptions.CultureInvariant);

    /// <summary>Lower case with the two rules that are not one character to one: dotted capital I and final sigma.</summary>
    public static string Lower(string text)
    {
        var lower = text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
        return text.Contains('\u03A3', StringComparison.Ordinal)
            ? Regex.Replace(lower, @"(?<=\p{L}\p{M}{0,8})\u03C3(?!\p{M}{0,8}\p{L})", "\u03C2", RegexOptions.CultureInvariant)
            : lower;
    }

    /// <summary>The text without what stands between brackets, then without what stands between parentheses.</summary>
    public static string WithoutBrackets(string text) => Cut(Cut(text, "<[", ">]", least: 0), "(", ")", least: 1);

    /// <summary>The text with each run of white space as one space.</summary>
    public static string OneSpace(string text) => Spaces.Replace(text, " ");

    /// <summary>The words between white space.</summary>
    public static string[] Words(string text) => OneSpace(text).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Marks, symbols and punctuation become spaces.</summary>
    public static string WithoutSymbols(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in UnicodeNormal.Apply(text, NormalizationForm.FormKC).EnumerateRunes())
        {
            Append(result, rune);
        }

        return result.ToString();
    }

    /// <summary>Symbols and punctuation but for those to keep become spaces, and letters lose their diacritics.</summary>
    public static string WithoutDiacritics(string text, string keep = "")
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in UnicodeNormal.Apply(text, NormalizationForm.FormKD).EnumerateRunes())
        {
            if (rune.IsBmp && keep.Contains((char)rune.Value, StringComparison.Ordinal))
            {
                result.Append((char)rune.Value);
            }
            else if (Plain(rune.Value) is { } plain)
            {
                result.Append(plain);
            }
            else if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
            {
                Append(result, rune);
            }
        }

        return result.ToString();
    }

    private static void Append(StringBuilder result, Rune rune)
    {
        var category = Rune.GetUnicodeCategory(rune);
        if (category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            || Rune.IsSymbol(rune) || Rune.IsPunctuation(rune))
        {
            result.Append(' ');
        }
        else
        {
            result.Append(rune.ToString());
        }
    }

    // Letters that no decomposition makes plain.
    private static string? Plain(int point) => point switch
    {
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'æ' => "ae",
        'Æ' => "AE",
        'ß' => "ss",
        'ẞ' => "SS",
        'đ' or 'ð' => "d",
        'Đ' or 'Ð' => "D",
        'þ' or 'Þ' => "th",
        'ł' => "l",
        'Ł' => "L",
        _ => null,
    };

    // Each opening goes with the first closing after it, in one pass over the text.
    private static string Cut(string text, string opening, string closing, int least)
    {
        var result = new StringBuilder(text.Length);
        var at = 0;
        while (at < text.Length)
        {
            var open = text.AsSpan(at).IndexOfAny(opening);
            var from = at + open + 1 + least;
            var close = open < 0 || from > text.Length ? -1 : text.AsSpan(from).IndexOfAny(closing);
            if (close >= 0 && least > 0 && closing.Contains(text[from - 1], StringComparison.Ordinal))
            {
                result.Append(text, at, from - at);
                at = from;
                continue;
            }

            if (close < 0)
            {
                break;
            }

            result.Append(text, at, open);
            at = from + close + 1;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }
}
