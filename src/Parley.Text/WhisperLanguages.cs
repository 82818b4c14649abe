namespace Parley.Text;

/// <summary>The languages of Whisper, in the order of their tokens.</summary>
/// <remarks>Codes, names and order as published: openai/whisper whisper/tokenizer.py at v20250625; the hundredth came with large-v3.</remarks>
public static class WhisperLanguages
{
    private static readonly (string Code, string Name)[] Table =
    [
        ("en", "english"), ("zh", "chinese"), ("de", "german"), ("es", "spanish"), ("ru", "russian"), ("ko", "korean"), ("fr", "french"),
        ("ja", "japanese"), ("pt", "portuguese"), ("tr", "turkish"), ("pl", "polish"), ("ca", "catalan"), ("nl", "dutch"), ("ar", "arabic"),
        ("sv", "swedish"), ("it", "italian"), ("id", "indonesian"), ("hi", "hindi"), ("fi", "finnish"), ("vi", "vietnamese"),
        ("he", "hebrew"), ("uk", "ukrainian"), ("el", "greek"), ("ms", "malay"), ("cs", "czech"), ("ro", "romanian"), ("da", "danish"),
        ("hu", "hungarian"), ("ta", "tamil"), ("no", "norwegian"), ("th", "thai"), ("ur", "urdu"), ("hr", "croatian"), ("bg", "bulgarian"),
        ("lt", "lithuanian"), ("la", "latin"), ("mi", "maori"), ("ml", "malayalam"), ("cy", "welsh"), ("sk", "slovak"), ("te", "telugu"),
        ("fa", "persian"), ("lv", "latvian"), ("bn", "bengali"), ("sr", "serbian"), ("az", "azerbaijani"), ("sl", "slovenian"),
        ("kn", "kannada"), ("et", "estonian"), ("mk", "macedonian"), ("br", "breton"), ("eu", "basque"), ("is", "icelandic"),
        ("hy", "armenian"), ("ne", "nepali"), ("mn", "mongolian"), ("bs", "bosnian"), ("kk", "kazakh"), ("sq", "albanian"),
        ("sw", "swahili"), ("gl", "galician"), ("mr", "marathi"), ("pa", "punjabi"), ("si", "sinhala"), ("km", "khmer"), ("sn", "shona"),
        ("yo", "yoruba"), ("so", "somali"), ("af", "afrikaans"), ("oc", "occitan"), ("ka", "georgian"), ("be", "belarusian"),
        ("tg", "tajik"), ("sd", "sindhi"), ("gu", "gujarati"), ("am", "amharic"), ("yi", "yiddish"), ("lo", "lao"), ("uz", "uzbek"),
        ("fo", "faroese"), ("ht", "haitian creole"), ("ps", "pashto"), ("tk", "turkmen"), ("nn", "nynorsk"), ("mt", "maltese"),
        ("sa", "sanskrit"), ("lb", "luxembourgish"), ("my", "myanmar"), ("bo", "tibetan"), ("tl", "tagalog"), ("mg", "malagasy"),
        ("as", "assamese"), ("tt", "tatar"), ("haw", "hawaiian"), ("ln", "lingala"), ("ha", "hausa"), ("ba", "bashkir"), ("jw", "javanese"),
        ("su", "sundanese"), ("yue", "cantonese"),
    ];

    private static readonly (string Name, string Code)[] Aliases =
    [
        ("burmese", "my"), ("castilian", "es"), ("flemish", "nl"), ("haitian", "ht"), ("letzeburgesch", "lb"), ("mandarin", "zh"),
        ("moldavian", "ro"), ("moldovan", "ro"), ("panjabi", "pa"), ("pushto", "ps"), ("sinhalese", "si"), ("valencian", "ca"),
    ];

    private static readonly Dictionary<string, string> Codes = Table.SelectMany(l => new[] { (l.Code, l.Code), (l.Name, l.Code) })
        .Concat(Aliases).ToDictionary(p => p.Item1, p => p.Item2, StringComparer.OrdinalIgnoreCase);

    /// <summary>Codes and English names, in the order of their tokens.</summary>
    public static IReadOnlyList<(string Code, string Name)> All => Table;

    /// <summary>The code of a language given by code, English name or alias in any case, or null if Whisper has no such language.</summary>
    public static string? FindCode(string language) => Codes.GetValueOrDefault(language.Trim());

    /// <summary>The code of a language given by code, English name or alias in any case.</summary>
    public static string Code(string language) => FindCode(language) ?? throw new ArgumentException(
        $"Whisper has no language '{language}'; give a code such as en, or a name such as english", nameof(language));

    /// <summary>The English name of a language code.</summary>
    public static string Name(string code) => Array.Find(Table, l => l.Code == code).Name
        ?? throw new ArgumentException($"Whisper has no language code '{code}'", nameof(code));
}
