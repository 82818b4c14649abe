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

    /// <summary>The stamp 0.00; all later ids are stamps.</summary>
    public int FirstTimestamp => NoTimestamps + 1;

    /// <summary>Whether languages and tasks can be chosen.</summary>
    public bool IsMultilingual => Languages.Count > 0;

    /// <summary>The ids that every checkpoint of a tokenizer shares; heads are the upper half of the decoder's layers, as for models without published ones.</summary>
    public static WhisperVocabulary From(WhisperTokenizer tokenizer, WhisperConfig config)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(config);
        var heads = from layer in Enumerable.Range(config.DecoderLayers / 2, config.DecoderLayers - (config.DecoderLayers / 2))
                    from head in Enumerable.Range(0, config.DecoderHeads)
                    select (layer, head);
        return new WhisperVocabulary(
            tokenizer.Eot, tokenizer.Sot, tokenizer.Transcribe, tokenizer.Translate, tokenizer.StartOfPrev, tokenizer.StartOfLm, tokenizer.NoSpeech, tokenizer.NoTimestamps,
            tokenizer.LanguageCodes.ToDictionary(code => code, tokenizer.LanguageToken), [.. tokenizer.NonSpeechTokens], [.. tokenizer.Encode(" "), tokenizer.Eot], MaxInitialTimestamp: 50, [.. heads]);
    }

    /// <summary>The ids that <c>generation_config.json</c> gives, for checkpoints without a tokenizer.</summary>
    public static WhisperVocabulary From(JsonElement generation, WhisperConfig config) =>
        new WhisperVocabulary(0, 0, 0, 0, 0, 0, 0, 0, new Dictionary<string, int>(), [], [], MaxInitialTimestamp: 50, []).With(generation, config);

    /// <summary>Replaces what <c>generation_config.json</c> says; what it leaves out stays as it is.</summary>
    public WhisperVocabulary With(JsonElement json, WhisperConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
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

        if (json.TryGetProperty("is_multilingual", out var multilingual) && multilingual.ValueKind == JsonValueKind.False)
        {
            ids = ids with { Languages = new Dictionary<string, int>() };
        }

        if (Table(json, "task_to_id") is { } tasks)
        {
            ids = ids with { Transcribe = tasks.GetValueOrDefault("transcribe", ids.Transcribe), Translate = tasks.GetValueOrDefault("translate", ids.Translate) };
        }

        if (json.TryGetProperty("alignment_heads", out var heads) && heads.ValueKind == JsonValueKind.Array)
        {
            ids = ids with { AlignmentHeads = [.. heads.EnumerateArray().Select(h => Head(h, config))] };
        }

        return ids.Checked(config);
    }

    /// <summary>The prompt that starts a transcript: start, language and task.</summary>
    /// <param name="language">Language code; ignored by English-only models.</param>
    /// <param name="translate">Into English instead of transcribing.</param>
    /// <param name="timestamps">Whether time stamps are produced.</param>
    public IReadOnlyList<int> Start(string language, bool translate, bool timestamps)
    {
        List<int> ids = [StartOfTranscript];
        if (IsMultilingual)
        {
            ids.Add(Languages.TryGetValue(language, out var id)
                ? id
                : throw new ArgumentException($"language \"{language}\" is not one of this model's: {string.Join(", ", Languages.Keys.Order(StringComparer.Ordinal))}", nameof(language)));
            ids.Add(translate ? Translate : Transcribe);
        }
        else if (translate || (language.Length > 0 && language != "en"))
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

        return this;
    }

    private static (int Layer, int Head) Head(JsonElement pair, WhisperConfig config)
    {
        if (pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2 && pair[0].TryGetInt32(out var layer) && pair[1].TryGetInt32(out var head)
            && (uint)layer < (uint)config.DecoderLayers && (uint)head < (uint)config.DecoderHeads)
        {
            return (layer, head);
        }

        throw new InvalidDataException($"generation_config.json: alignment_heads has {pair.GetRawText()}, which is no [layer, head] of {config.DecoderLayers} layers with {config.DecoderHeads} heads");
    }

    private static int? Id(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id) ? id : null;

    private static int[]? Ids(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        return [.. list.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out var id) ? id : throw new InvalidDataException($"generation_config.json: {name} holds something that is no id"))];
    }

    private static Dictionary<string, int>? Table(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var table) || table.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in table.EnumerateObject())
        {
            ids[entry.Name] = entry.Value.ValueKind == JsonValueKind.Number && entry.Value.TryGetInt32(out var id) ? id : throw new InvalidDataException($"generation_config.json: {name} gives no id for {entry.Name}");
        }

        return ids;
    }
}
