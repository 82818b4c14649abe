using System.Globalization;
using System.Numerics;

namespace Parley.Text;

/// <summary>Reads words from left to right and gathers those that make one number.</summary>
/// <remarks>openai/whisper whisper/normalizers/english.py; the number so far is a sum (whole) or digits in a row (digits).</remarks>
internal sealed class EnglishNumberReader(string[] words)
{
    // A number longer than this is put out as it is: joining digits forever would take quadratic time.
    private const int Longest = 4096;
    private readonly List<string> result = [];
    private string prefix = "";
    private string? digits;
    private BigInteger? whole;

    private bool Has => digits is not null || whole is not null;

    // As the reference has it, a sum of zero counts as nothing where digits are put after it.
    private string Front => digits ?? (whole is { IsZero: false } sum ? Text(sum) : "");

    private string Now => digits ?? (whole is { } sum ? Text(sum) : "");

    /// <summary>The words with numbers in digits.</summary>
    public IReadOnlyList<string> Read()
    {
        for (var i = 0; i < words.Length; i++)
        {
            if (digits is { Length: > Longest })
            {
                Flush();
            }

            if (Step(i > 0 ? words[i - 1] : null, words[i], i + 1 < words.Length ? words[i + 1] : null))
            {
                i++;
            }
        }

        Flush();
        return result;
    }

    // True to pass over the next word.
    private bool Step(string? before, string word, string? next)
    {
        var signed = "-+£€$¢".Contains(word[0], StringComparison.Ordinal);
        var bare = signed ? word[1..] : word;
        if (Numeric(bare))
        {
            Written(word, bare, signed);
        }
        else if (!EnglishNumberWords.Any(word))
        {
            Flush();
            Put(word);
        }
        else if (EnglishNumberWords.Zeros.Contains(word))
        {
            Set(Front + "0");
        }
        else if (EnglishNumberWords.Ones.TryGetValue(word, out var ones))
        {
            Keep(WithOnes(ones, before));
        }
        else if (EnglishNumberWords.OnesSuffixed.TryGetValue(word, out var ordinal))
        {
            Put(TextOf(WithOnes(ordinal.Value, before)) + ordinal.Suffix);
        }
        else if (EnglishNumberWords.Tens.TryGetValue(word, out var tens))
        {
            Keep(Added(tens, 100));
        }
        else if (EnglishNumberWords.TensSuffixed.TryGetValue(word, out var decade))
        {
            Put(TextOf(Added(decade.Value, 100)) + decade.Suffix);
        }
        else if (EnglishNumberWords.Multipliers.TryGetValue(word, out var power))
        {
            Keep((null, Times(power, zeroIsText: true)));
        }
        else if (EnglishNumberWords.MultipliersSuffixed.TryGetValue(word, out var powers))
        {
            Put(Text(Times(powers.Value, zeroIsText: false)) + powers.Suffix);
        }
        else
        {
            return Word(before, word, next);
        }

        return false;
    }

    private bool Word(string? before, string word, string? next)
    {
        var goesOn = next is not null && (EnglishNumberWords.Any(next) || Numeric(next));
        if (EnglishNumberWords.Signs.TryGetValue(word, out var sign))
        {
            Flush();
            if (goesOn)
            {
                prefix = sign;
            }
            else
            {
                Put(word);
            }
        }
        else if (EnglishNumberWords.Currencies.TryGetValue(word, out var currency))
        {
            if (Has)
            {
                prefix = currency;
                Flush();
            }
            else
            {
                Put(word);
            }
        }
        else if (word is "per" or "percent")
        {
            if (Has && (word == "percent" || next == "cent"))
            {
                Put(Now + "%");
                return word == "per";
            }

            Flush();
            Put(word);
        }
        else if (!goesOn || (word == "and" && (before is null || !EnglishNumberWords.Multipliers.ContainsKey(before))))
        {
            Flush();
            Put(word);
        }
        else if (word is "double" or "triple")
        {
            return Repeat(word, next!);
        }
        else if (word == "point" && (EnglishNumberWords.Decimal(next!) || Numeric(next!)))
        {
            Set(Front + ".");
        }

        return false;
    }

    private bool Repeat(string word, string next)
    {
        if (!EnglishNumberWords.Ones.TryGetValue(next, out var ones) && !EnglishNumberWords.Zeros.Contains(next))
        {
            Flush();
            Put(word);
            return false;
        }

        var digit = Text(ones);
        Set(Front + digit + digit + (word == "triple" ? digit : ""));
        return true;
    }

    private void Written(string word, string bare, bool signed)
    {
        if (digits is { } so && so.EndsWith('.'))
        {
            Set(so + word);
            return;
        }

        Flush();
        prefix = signed ? word[..1] : prefix;
        Keep(Fraction(bare) is var (top, scale) && (top % scale).IsZero ? (null, top / scale) : (bare, null));
    }

    private (string? Digits, BigInteger? Whole) WithOnes(int ones, string? before)
    {
        if (Has && (digits is not null || (before is not null && EnglishNumberWords.Ones.ContainsKey(before))))
        {
            return before is not null && EnglishNumberWords.Tens.ContainsKey(before) && ones < 10
                ? (Now[..^1] + Text(ones), null)
                : (Now + Text(ones), null);
        }

        return Added(ones, ones < 10 ? 10 : 100);
    }

    private (string? Digits, BigInteger? Whole) Added(int value, int room) => (digits, whole) switch
    {
        (null, null) => (null, value),
        (null, { } sum) when (sum % room).IsZero => (null, sum + value),
        _ => (Now + Text(value), null),
    };

    private BigInteger Times(BigInteger power, bool zeroIsText)
    {
        if (digits is null && whole is { } sum && !(zeroIsText && sum.IsZero))
        {
            return sum / 1000 * 1000 + sum % 1000 * power;
        }

        if (!Has)
        {
            return power;
        }

        if (Fraction(Now) is var (top, scale) && (top * power % scale).IsZero)
        {
            return top * power / scale;
        }

        Flush();
        return power;
    }

    private static (BigInteger Top, BigInteger Scale)? Fraction(string text)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? text : text[..point];
        var part = point < 0 ? "" : text[(point + 1)..];
        return (whole + part) is { Length: > 0 } all && all.All(char.IsDigit)
            ? (BigInteger.Parse(string.Concat(all.Select(c => CharUnicodeInfo.GetDecimalDigitValue(c))), CultureInfo.InvariantCulture), BigInteger.Pow(10, part.Length))
            : null;
    }

    private static bool Numeric(string word)
    {
        var point = word.IndexOf('.', StringComparison.Ordinal);
        return word.Length <= Longest && point != 0 && point != word.Length - 1 && word.Length > 0
            && word.Where((_, i) => i != point).All(char.IsDigit);
    }

    private void Set(string text) => Keep((text, null));

    private void Keep((string? Digits, BigInteger? Whole) number) => (digits, whole) = number;

    private void Flush()
    {
        if (Has)
        {
            Put(Now);
        }
    }

    private void Put(string text)
    {
        result.Add(prefix + text);
        prefix = "";
        Keep((null, null));
    }

    private static string TextOf((string? Digits, BigInteger? Whole) number) => number.Digits ?? Text(number.Whole!.Value);

    private static string Text(BigInteger value) => value.ToString(CultureInfo.InvariantCulture);
}
