using System.Text.Json;
using Parley.Text;

namespace Parley.Models;

/// <summary>The ids that steer one Whisper checkpoint, as its <c>generation_config.json</c> gives them, else as its tokenizer does.</summary>
/// <param name="EndOfText">Ends a transcript; text ids are below it.</param>
/// <param name="StartOfTranscript">Opens the decoder's prompt.</param>
/// <param name="Transcribe">Task: text in the spoken language.</param>
/// <param name="Translate">Task: text in English.</param>
/// <param name="StartOfPrevious">Opens the previous text in a prompt.</param>
/// <param name="StartOfLanguageModel">Opens text without audio; never produced.</param>
/// <param name="NoSpeech">Its probability after the start says that nobody speaks.</param>
/// <param name="NoTimestamps">Switches time stamps off.</param>
/// <param name="Languages">Language code to id; empty for English-only models.</param>
/// <param name="Suppressed">Ids that are never produced.</param>
/// <param name="SuppressedFirst">Ids that do not come first.</param>
/// <param name="MaxInitialTimestamp">Largest first time stamp, in steps of 0.02 s.</param>
/// <param name="AlignmentHeads">Cross-attention heads (layer, head) that follow the audio in time.</param>
public sealed record WhisperVocabulary(
    int EndOfText,
    int StartOfTranscript,
    int Transcribe,
    int Translate,
    int StartOfPrevious,
    int StartOfLanguageModel,
    int NoSpeech,
    int NoTimestamps,
    IReadOnlyDictionary<string, int> Languages,
    IReadOnlyList<int> Suppressed,
    IReadOnlyList<int> SuppressedFirst,
    int MaxInitialTimestamp,
    IReadOnlyList<(int Layer, int Head)> AlignmentHeads)
{
    /// <summary>Seconds from one time stamp to the next.</summary>
    public const double SecondsPerStamp = 0.02;

    private const int SmallestMultilingual = 51865;

    /// <summary>The stamp 0.00; all later ids are stamps.</summary>
    public int FirstTimestamp => NoTimestamps + 1;

    /// <summary>Whether languages and tasks can be chosen.</summary>
    public bool IsMultilingual => Languages.Count > 0;

    /// <summary>The ids that every checkpoint of a tokenizer shares, with <see cref="UpperHeads"/>.</summary>
    public static WhisperVocabulary From(WhisperTokenizer tokenizer, WhisperConfig config)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(config);

        // English-only models have the tokens of all languages too, but never learned them; openai/whisper tells them by their size.
        var languages = config.VocabSize < SmallestMultilingual ? [] : tokenizer.LanguageCodes.ToDictionary(code => code, tokenizer.LanguageToken);
        return new WhisperVocabulary(
            tokenizer.Eot, tokenizer.Sot, tokenizer.Transcribe, tokenizer.Translate, tokenizer.StartOfPrev, tokenizer.StartOfLm, tokenizer.NoSpeech, tokenizer.NoTimestamps,
            languages, [.. tokenizer.NonSpeechTokens], [.. tokenizer.Encode(" "), tokenizer.Eot], MaxInitialTimestamp: 50, UpperHeads(config));
    }

    /// <summary>All heads in the upper half of the decoder: what aligns a model whose heads nobody has chosen.</summary>
    public static IReadOnlyList<(int Layer, int Head)> UpperHeads(WhisperConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return [.. from layer in Enumerable.Range(config.DecoderLayers / 2, config.DecoderLayers - (config.DecoderLayers / 2))
                   from head in Enumerable.Range(0, config.DecoderHeads)
                   select (layer, head)];
    }

    /// <summary>The ids that <c>generation_config.json</c> gives, for checkpoints without a tokenizer.</summary>
    public static WhisperVocabulary From(JsonElement generation, WhisperConfig config) =>
        new WhisperVocabulary(0, 0, 0, 0, 0, 0, 0, 0, new Dictionary<string, int>(), [], [], MaxInitialTimestamp: 50, []).With(generation, config);

    /// <summary>Replaces what <c>generation_config.json</c> says; what it leaves out stays as it is.</summary>
    public WhisperVocabulary With(JsonElement json, WhisperConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"generation_config.json: holds {Short(json)}; it must be an object");
        }

        var ids = this with
        {
            EndOfText = Id(json, "eos_token_id") ?? EndOfText,
            StartOfTranscript = Id(json, "decoder_start_token_id") ?? StartOfTranscript,
            StartOfPrevious = Id(json, "prev_sot_token_id") ?? StartOfPrevious,
            NoTimestamps = Id(json, "no_timestamps_token_id") ?? NoTimestamps,
            MaxInitialTimestamp = Id(json, "max_initial_timestamp_index") ?? MaxInitialTimestamp,
            Suppressed = Ids(json, "suppress_tokens") ?? Suppressed,
            SuppressedFirst = Ids(json, "begin_suppress_tokens") ?? SuppressedFirst,
        };
        if (Id(json, "no_timestamps_token_id") is { } none)
        {
            // The published layout: …, start of language model, start of previous, no speech, no time stamps.
            ids = ids with { NoSpeech = none - 1, StartOfLanguageModel = ids.StartOfPrevious - 1 };
        }

        if (Table(json, "lang_to_id") is { } languages)
        {
            var codes = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var (name, id) in languages)
            {
                var code = name.Replace("<|", "", StringComparison.Ordinal).Replace("|>", "", StringComparison.Ordinal);
                if (!codes.TryAdd(code, id))
                {
                    throw new InvalidDataException($"generation_config.json: lang_to_id names {code} twice");
                }
            }

            ids = ids with { Languages = codes };
        }

        if (Given(json, "is_multilingual") is { } multilingual)
        {
            ids = multilingual.ValueKind switch
            {
                JsonValueKind.False => ids with { Languages = new Dictionary<string, int>() },
                JsonValueKind.True => ids,
                _ => throw Wrong("is_multilingual", multilingual, "true or false"),
            };
        }

        if (Table(json, "task_to_id") is { } tasks)
        {
            ids = ids with { Transcribe = tasks.GetValueOrDefault("transcribe", ids.Transcribe), Translate = tasks.GetValueOrDefault("translate", ids.Translate) };
        }

        if (Given(json, "alignment_heads") is { } heads)
        {
            ids = ids with { AlignmentHeads = Heads(heads, config) };
        }

        return ids.Checked(config);
    }

    /// <summary>The prompt that starts a transcript: start, language and task.</summary>
    /// <param name="language">Language code or English name; English-only models take only English.</param>
    /// <param name="translate">Into English instead of transcribing.</param>
    /// <param name="timestamps">Whether time stamps are produced.</param>
    public IReadOnlyList<int> Start(string language, bool translate, bool timestamps)
    {
        ArgumentNullException.ThrowIfNull(language);
        var code = WhisperLanguages.FindCode(language) ?? language;
        List<int> ids = [StartOfTranscript];
        if (IsMultilingual)
        {
            ids.Add(Languages.TryGetValue(code, out var id)
                ? id
                : throw new ArgumentException($"language \"{language}\" is not one of this model's: {string.Join(", ", Languages.Keys.Order(StringComparer.Ordinal))}", nameof(language)));
            ids.Add(translate ? Translate : Transcribe);
        }
        else if (translate || (code.Length > 0 && code != "en"))
        {
            throw new ArgumentException($"this model is English-only: it cannot {(translate ? "translate" : $"transcribe \"{language}\"")}", nameof(language));
        }

        if (!timestamps)
        {
            ids.Add(NoTimestamps);
        }

        return ids;
    }

    private WhisperVocabulary Checked(WhisperConfig config)
    {
        (string Name, int Id)[] ids =
        [
            ("eos_token_id", EndOfText), ("decoder_start_token_id", StartOfTranscript), ("prev_sot_token_id", StartOfPrevious), ("no_timestamps_token_id", NoTimestamps),
            ("no_timestamps_token_id - 1, no speech,", NoSpeech), ("task_to_id transcribe", Transcribe), ("task_to_id translate", Translate),
            .. Languages.Select(l => ($"lang_to_id {l.Key}", l.Value)),
        ];
        foreach (var (name, id) in ids)
        {
            if ((uint)id >= (uint)config.VocabSize)
            {
                throw new InvalidDataException($"generation_config.json: {name} is {id}, outside the vocabulary of {config.VocabSize}");
            }
        }

        return MaxInitialTimestamp >= 0 ? this : throw new InvalidDataException($"generation_config.json: max_initial_timestamp_index is {MaxInitialTimestamp}; it must not be negative");
    }

    /// <summary>The heads of this decoder. Distilled models are published with the heads of their deeper teachers, which say nothing about them.</summary>
    private static IReadOnlyList<(int Layer, int Head)> Heads(JsonElement list, WhisperConfig config)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw Wrong("alignment_heads", list, "a list of [layer, head]");
        }

        (int Layer, int Head)[] heads = [.. list.EnumerateArray().Select(Head)];
        return heads.Length == 0 || heads.Any(h => h.Layer >= config.DecoderLayers || h.Head >= config.DecoderHeads) ? UpperHeads(config) : heads;
    }

    private static (int Layer, int Head) Head(JsonElement pair) =>
        pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2 && Number(pair[0]) is >= 0 and var layer && Number(pair[1]) is >= 0 and var head
            ? (layer, head)
            : throw Wrong("alignment_heads", pair, "[layer, head] in each place");

    private static int? Id(JsonElement json, string name) =>
        Given(json, name) is { } value ? Number(value) ?? throw Wrong(name, value, "a whole number") : null;

    private static int[]? Ids(JsonElement json, string name) => Given(json, name) is not { } list ? null
        : list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(e => Number(e) ?? throw Wrong(name, e, "an id in each place"))]
        : throw Wrong(name, list, "a list of ids");

    private static Dictionary<string, int>? Table(JsonElement json, string name)
    {
        if (Given(json, name) is not { } table)
        {
            return null;
        }

        if (table.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(name, table, "an object of ids");
        }

        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in table.EnumerateObject())
        {
            ids[entry.Name] = Number(entry.Value) ?? throw Wrong($"{name} {entry.Name}", entry.Value, "an id");
        }

        return ids;
    }

    /// <summary>What a file says; null where it says nothing.</summary>
    private static JsonElement? Given(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static int? Number(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    private static InvalidDataException Wrong(string name, JsonElement value, string wanted) => new($"generation_config.json: {name} has {Short(value)}; it must have {wanted}");

    private static string Short(JsonElement value)
    {
        const int most = 60;
        var text = value.GetRawText();
        return text.Length <= most ? text : text[..most] + "…";
    }
}
