using System.Globalization;
using System.Text;

namespace Parley.Text;

/// <summary>The published word patterns as scanners: no regular expression engine, no backtracking, right beyond U+FFFF.</summary>
internal static class WordScanners
{
    /// <summary>GPT-2's pattern, as openai/whisper whisper/tokenizer.py and openai/gpt-2 src/encoder.py write it.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private enum Kind
    {
        Space,
        Letter,
        Number,
        Other,
    }

    /// <summary>Length of the GPT-2 word at the front of a text that is not empty.</summary>
    public static int Gpt2(ReadOnlySpan<char> text)
    {
        if (text[0] == '\'' && Contraction(text, ignoreCase: false) is var short2 and > 0)
        {
            return short2;
        }

        var start = text[0] == ' ' && text.Length > 1 && KindOf(text[1..], out _) != Kind.Space ? 1 : 0;
        var kind = KindOf(text[start..], out var used);
        return kind == Kind.Space ? Spaces(text) : start + used + Run(text[(start + used)..], kind, int.MaxValue);
    }

    /// <summary>Length of the word at the front by the cl100k family's pattern, with digits in groups of at most <paramref name="digits"/>.</summary>
    /// <remarks>openai/tiktoken tiktoken_ext/openai_public.py, cl100k_base; Llama 3 uses it unchanged, Qwen2 with single digits.</remarks>
    public static int Cl100k(ReadOnlySpan<char> text, int digits)
    {
        if (text[0] == '\'' && Contraction(text, ignoreCase: true) is var short2 and > 0)
        {
            return short2;
        }

        var kind = KindOf(text, out var used);
        if (kind == Kind.Letter)
        {
            return used + Run(text[used..], Kind.Letter, int.MaxValue);
        }

        if (kind == Kind.Number)
        {
            return used + Run(text[used..], Kind.Number, digits - 1);
        }

        // One character that is neither a line break, a letter nor a number may lead a word of letters.
        var breaks = text[0] is '\r' or '\n';
        if (!breaks && used < text.Length && KindOf(text[used..], out var first) == Kind.Letter)
        {
            return used + first + Run(text[(used + first)..], Kind.Letter, int.MaxValue);
        }

        var start = text[0] == ' ' && text.Length > 1 && KindOf(text[1..], out _) == Kind.Other ? 1 : 0;
        if (kind == Kind.Other || start == 1)
        {
            var end = start + Run(text[start..], Kind.Other, int.MaxValue);
            while (end < text.Length && text[end] is '\r' or '\n')
            {
                end++;
            }

            return end;
        }

        var spaces = Run(text, Kind.Space, int.MaxValue);
        var lastBreak = text[..spaces].LastIndexOfAny('\r', '\n');
        return lastBreak >= 0 ? lastBreak + 1 : Spaces(text);
    }

    // A run of white space leaves its last character to the word behind it, if there is one.
    private static int Spaces(ReadOnlySpan<char> text)
    {
        var run = Run(text, Kind.Space, int.MaxValue);
        return run == text.Length || run == 1 ? run : run - 1;
    }

    private static int Contraction(ReadOnlySpan<char> text, bool ignoreCase)
    {
        if (text.Length < 2)
        {
            return 0;
        }

        var (a, b) = (text[1], text.Length > 2 ? text[2] : '\0');
        if (ignoreCase)
        {
            // U+017F, the long s, is the only other character that folds to one of these letters.
            (a, b) = (a == 'ſ' ? 's' : char.ToLowerInvariant(a), char.ToLowerInvariant(b));
        }

        return (a, b) switch
        {
            ('s' or 't' or 'm' or 'd', _) => 2,
            ('r', 'e') or ('v', 'e') or ('l', 'l') => 3,
            _ => 0,
        };
    }

    private static int Run(ReadOnlySpan<char> text, Kind kind, int atMost)
    {
        var end = 0;
        for (var count = 0; end < text.Length && count < atMost && KindOf(text[end..], out var used) == kind; count++)
        {
            end += used;
        }

        return end;
    }

    private static Kind KindOf(ReadOnlySpan<char> text, out int used)
    {
        var c = text[0];
        used = 1;
        if (c < 128)
        {
            return char.IsAsciiLetter(c) ? Kind.Letter : char.IsAsciiDigit(c) ? Kind.Number : c is ' ' or (>= '\t' and <= '\r') ? Kind.Space : Kind.Other;
        }

        UnicodeCategory category;
        if (char.IsSurrogate(c))
        {
            Rune.DecodeFromUtf16(text, out var rune, out used);
            category = Rune.GetUnicodeCategory(rune);
        }
        else
        {
            category = char.GetUnicodeCategory(c);
        }

        return category switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => Kind.Space,
            _ => c == '\u0085' ? Kind.Space : Kind.Other,
        };
    }
}
