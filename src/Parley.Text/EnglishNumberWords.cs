using System.Numerics;

namespace Parley.Text;

/// <summary>The words that numbers are made of in English.</summary>
internal static class EnglishNumberWords
{
    private static readonly string[] OneNames =
    [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
        "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ];

    private static readonly string[] TenNames = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

    private static readonly string[] PowerNames =
    [
        "thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion", "septillion", "octillion", "nonillion", "decillion",
    ];

    /// <summary>Names of zero.</summary>
    public static readonly HashSet<string> Zeros = ["o", "oh", "zero"];

    /// <summary>One to nineteen.</summary>
    public static readonly Dictionary<string, int> Ones = Numbered(OneNames, i => i + 1);

    /// <summary>Twenty to ninety.</summary>
    public static readonly Dictionary<string, int> Tens = Numbered(TenNames, i => 10 * i + 20);

    /// <summary>Hundred, thousand and the higher powers.</summary>
    public static readonly Dictionary<string, BigInteger> Multipliers =
        new(PowerNames.Select((name, i) => KeyValuePair.Create(name, BigInteger.Pow(1000, i + 1)))) { ["hundred"] = 100 };

    /// <summary>Plurals and ordinals of zero to nineteen.</summary>
    public static readonly Dictionary<string, (int Value, string Suffix)> OnesSuffixed = Suffixed();

    /// <summary>Plurals and ordinals of twenty to ninety.</summary>
    public static readonly Dictionary<string, (int Value, string Suffix)> TensSuffixed = new(Tens.SelectMany(t => new[]
    {
        KeyValuePair.Create(t.Key[..^1] + "ies", (t.Value, "s")),
        KeyValuePair.Create(t.Key[..^1] + "ieth", (t.Value, "th")),
    }));

    /// <summary>Plurals and ordinals of the powers.</summary>
    public static readonly Dictionary<string, (BigInteger Value, string Suffix)> MultipliersSuffixed = new(Multipliers.SelectMany(m => new[]
    {
        KeyValuePair.Create(m.Key + "s", (m.Value, "s")),
        KeyValuePair.Create(m.Key + "th", (m.Value, "th")),
    }));

    /// <summary>Signs that go before a number.</summary>
    public static readonly Dictionary<string, string> Signs = new() { ["minus"] = "-", ["negative"] = "-", ["plus"] = "+", ["positive"] = "+" };

    /// <summary>Currencies, said after a number and written before it.</summary>
    public static readonly Dictionary<string, string> Currencies = new()
    {
        ["pound"] = "£",
        ["pounds"] = "£",
        ["euro"] = "€",
        ["euros"] = "€",
        ["dollar"] = "$",
        ["dollars"] = "$",
        ["cent"] = "¢",
        ["cents"] = "¢",
    };

    /// <summary>Words with a meaning of their own between numbers.</summary>
    public static readonly HashSet<string> Specials = ["and", "double", "triple", "point"];

    /// <summary>Whether a word can follow a decimal point.</summary>
    public static bool Decimal(string word) => Ones.ContainsKey(word) || Tens.ContainsKey(word) || Zeros.Contains(word);

    /// <summary>Whether a word can be part of a number.</summary>
    public static bool Any(string word) => Decimal(word) || OnesSuffixed.ContainsKey(word) || TensSuffixed.ContainsKey(word)
        || Multipliers.ContainsKey(word) || MultipliersSuffixed.ContainsKey(word) || Signs.ContainsKey(word)
        || Currencies.ContainsKey(word) || word is "per" or "percent" || Specials.Contains(word);

    private static Dictionary<string, int> Numbered(string[] names, Func<int, int> value) =>
        new(names.Select((name, i) => KeyValuePair.Create(name, value(i))));

    private static Dictionary<string, (int Value, string Suffix)> Suffixed()
    {
        Dictionary<string, (int Value, string Suffix)> all = new()
        {
            ["zeroth"] = (0, "th"),
            ["first"] = (1, "st"),
            ["second"] = (2, "nd"),
            ["third"] = (3, "rd"),
            ["fifth"] = (5, "th"),
            ["twelfth"] = (12, "th"),
        };
        foreach (var (name, value) in Ones)
        {
            all[name == "six" ? "sixes" : name + "s"] = (value, "s");
            if (value > 3 && value is not (5 or 12))
            {
                all[name + (name.EndsWith('t') ? "h" : "th")] = (value, "th");
            }
        }

        return all;
    }
}
