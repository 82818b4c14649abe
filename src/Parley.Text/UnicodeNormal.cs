using System.Text;

namespace Parley.Text;

/// <summary>The four normalization forms of Unicode, which work where globalization is invariant too.</summary>
/// <remarks>Unicode Standard Annex 15; Hangul by the arithmetic of the Unicode Standard, section 3.12.</remarks>
internal static class UnicodeNormal
{
    private const int Syllables = 0xAC00, Leads = 0x1100, Vowels = 0x1161, Tails = 0x11A7;
    private const int VowelCount = 21, TailCount = 28, LeadCount = 19, SyllableCount = LeadCount * VowelCount * TailCount;

    /// <summary>The text in a form; lone surrogates become U+FFFD.</summary>
    public static string Apply(string text, NormalizationForm form)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        var points = Decompose(text, form is NormalizationForm.FormKC or NormalizationForm.FormKD);
        if (form is NormalizationForm.FormC or NormalizationForm.FormKC)
        {
            Compose(points);
        }

        var result = new StringBuilder(points.Count);
        Span<char> units = stackalloc char[2];
        foreach (var point in points)
        {
            result.Append(units[..new Rune(point).EncodeToUtf16(units)]);
        }

        return result.ToString();
    }

    private static List<int> Decompose(string text, bool compatibility)
    {
        var tables = UnicodeTables.Shared;
        List<int> points = new(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var syllable = rune.Value - Syllables;
            if (syllable is >= 0 and < SyllableCount)
            {
                points.Add(Leads + syllable / (VowelCount * TailCount));
                points.Add(Vowels + syllable / TailCount % VowelCount);
                if (syllable % TailCount > 0)
                {
                    points.Add(Tails + syllable % TailCount);
                }
            }
            else if (tables.Decomposition(rune.Value, compatibility) is { } parts)
            {
                points.AddRange(parts);
            }
            else
            {
                points.Add(rune.Value);
            }
        }

        Order(points, tables);
        return points;
    }

    // Marks after a starter go by their class; marks of one class keep their order.
    private static void Order(List<int> points, UnicodeTables tables)
    {
        for (var at = 0; at < points.Count; at++)
        {
            var start = at;
            while (at < points.Count && tables.Class(points[at]) > 0)
            {
                at++;
            }

            if (at - start > 1)
            {
                var sorted = points.GetRange(start, at - start).OrderBy(tables.Class).ToArray();
                for (var i = 0; i < sorted.Length; i++)
                {
                    points[start + i] = sorted[i];
                }
            }
        }
    }

    private static void Compose(List<int> points)
    {
        var tables = UnicodeTables.Shared;
        var (kept, starter, last) = (0, -1, 0);
        foreach (var point in points.ToArray())
        {
            var kind = tables.Class(point);
            var near = starter == kept - 1;
            if (starter >= 0 && (near || (last < kind && last > 0)) && Pair(points[starter], point, tables) is var both and >= 0)
            {
                points[starter] = both;
                continue;
            }

            if (kind == 0)
            {
                starter = kept;
            }

            last = kind;
            points[kept++] = point;
        }

        points.RemoveRange(kept, points.Count - kept);
    }

    private static int Pair(int first, int second, UnicodeTables tables)
    {
        var (lead, vowel) = (first - Leads, second - Vowels);
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
        {
            return Syllables + (lead * VowelCount + vowel) * TailCount;
        }

        var (syllable, tail) = (first - Syllables, second - Tails);
        return syllable is >= 0 and < SyllableCount && syllable % TailCount == 0 && tail is > 0 and < TailCount
            ? first + tail
            : tables.Composition(first, second);
    }
}
