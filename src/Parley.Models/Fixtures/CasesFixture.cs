using System.Text.Json;
using Parley.Nn;
using Parley.Text;

namespace Parley.Models;

/// <summary>Fixtures without tensors: texts with what the reference's tokenizer and normalisers make of them, and stored number formats.</summary>
internal sealed class CasesFixture
{
    private readonly ModelFolder _folder;
    private readonly JsonElement _cases;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<FixtureRow> _rows = [];

    private CasesFixture(ModelFolder folder, JsonElement cases) => (_folder, _cases) = (folder, cases);

    /// <summary>A row for each kind of case.</summary>
    public static IReadOnlyList<FixtureRow> Run(ModelFolder folder)
    {
        using var json = folder.Json("cases.json");
        var fixture = new CasesFixture(folder, json.RootElement);
        try
        {
            fixture.Compute();
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{folder["cases.json"]}: not the cases of a tokenizer that Parley knows: {e.Message}", e);
        }

        return fixture._rows;
    }

    private void Compute()
    {
        if (_folder.Has("values.safetensors"))
        {
            Numbers();
        }
        else if (_cases.TryGetProperty("special_ids", out _))
        {
            Whisper(WhisperTokenizer.Load(_folder.Path));
        }
        else if (_folder.Has("vocab.json") && _folder.Has("merges.txt"))
        {
            Bpe(prefix: null, "encode");
            Bpe(prefix: true, "add_prefix_space");
        }
        else if (_folder.Has("vocab.json"))
        {
            Ctc(CtcVocabulary.Load(_folder.Path));
        }

        _rows.AddRange(_cases.EnumerateObject().Where(p => !_known.Contains(p.Name)).Select(p => new FixtureRow(p.Name, FixtureVerdict.NotComputed, 0, 0, "no runner for these cases")));
    }

    private void Whisper(WhisperTokenizer tokenizer)
    {
        CheckAll("special_ids", _cases.GetProperty("special_ids").EnumerateObject().Select(p => (p.Name, $"{tokenizer.Find(p.Name)}", $"{p.Value.GetInt32()}")));
        CheckAll("first_timestamp_id", [("", $"{tokenizer.TimestampBegin}", $"{_cases.GetProperty("first_timestamp_id").GetInt32()}")]);
        Check("encode", "ids", e => Join(tokenizer.Encode(Text(e, "text"))), e => Join(Ids(e)));
        Check("with_prefix", "ids", e => Join(Prefixed(tokenizer, e)), e => Join(Ids(e)));
        Check("decode", "plain", e => tokenizer.Decode(Ids(e)), e => Text(e, "plain"));
        Check("decode", "skip_special", e => tokenizer.Decode(Ids(e), skipSpecial: true), e => Text(e, "skip_special"));
        Check("decode", "with_timestamps", e => tokenizer.DecodeWithTimestamps(Ids(e)), e => Text(e, "with_timestamps"));
        Check(
            "decode",
            "offsets",
            e => string.Join('|', tokenizer.DecodeOffsets(Ids(e)).Select(o => $"{o.Text} {o.Start.TotalSeconds:0.00}-{o.End.TotalSeconds:0.00}")),
            e => string.Join('|', e.GetProperty("offsets").EnumerateArray().Select(o => $"{Text(o, "text")} {o.GetProperty("timestamp")[0].GetDouble():0.00}-{o.GetProperty("timestamp")[1].GetDouble():0.00}")));
        using var table = _folder.JsonOrNull("normalizer.json");
        var english = new EnglishTextNormalizer(table?.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!));
        Check("normalize", "english", e => english.Normalize(Text(e, "text")), e => Text(e, "english"));
        Check("normalize", "basic", e => new BasicTextNormalizer().Normalize(Text(e, "text")), e => Text(e, "basic"));
        Check("normalize", "basic_no_diacritics", e => new BasicTextNormalizer(removeDiacritics: true).Normalize(Text(e, "text")), e => Text(e, "basic_no_diacritics"));
    }

    private static IEnumerable<int> Prefixed(WhisperTokenizer tokenizer, JsonElement entry)
    {
        // Language, task, timestamps or notimestamps.
        var settings = Text(entry, "settings").Split(' ');
        var task = settings[1] == "translate" ? WhisperTask.Translate : WhisperTask.Transcribe;
        return [.. tokenizer.StartSequence(settings[0], task, settings[2] == "timestamps"), .. tokenizer.Encode(Text(entry, "text")), tokenizer.Eot];
    }

    private void Bpe(bool? prefix, string name)
    {
        var tokenizer = BpeTokenizer.FromVocabAndMerges(_folder["vocab.json"], _folder["merges.txt"], prefix);
        Check(name, "ids", e => Join(tokenizer.Encode(Text(e, "text"))), e => Join(Ids(e)));
        Check(name, "decoded", e => tokenizer.Decode(Ids(e)), e => Text(e, "decoded"));
        Check(name, "decoded_skip_special", e => tokenizer.Decode(Ids(e), skipSpecial: true), e => Text(e, "decoded_skip_special"));
    }

    private void Ctc(CtcVocabulary vocabulary)
    {
        Check("decode", "text", e => vocabulary.Decode(Ids(e), skipSpecial: false), e => Text(e, "text"));
        Check("decode", "text_no_grouping", e => vocabulary.Decode(Ids(e), skipSpecial: false, collapse: false), e => Text(e, "text_no_grouping"));
        Check("decode", "char_offsets", e => Join(vocabulary.CharacterOffsets(Ids(e), skipSpecial: false)), e => Offsets(e, "char"));
        Check("decode", "word_offsets", e => Join(vocabulary.WordOffsets(Ids(e), skipSpecial: false)), e => Offsets(e, "word"));

        // The reference drops special symbols before it groups, so what a blank kept apart falls together.
        Check("decode", "text_skip_special", e => vocabulary.Decode([.. Ids(e).Where(id => vocabulary.IsDelimiter(id) || vocabulary.Spell([id]).Length > 0)], skipSpecial: false), e => Text(e, "text_skip_special"));
        Check("encode", "ids", e => Join(vocabulary.Encode(Text(e, "text"))), e => Join(Ids(e)));
    }

    private void Numbers()
    {
        using var checkpoint = Checkpoint.Open(_folder["values.safetensors"]);
        CheckAll("names", [("", Join(checkpoint.Tensors.Keys.Order(StringComparer.Ordinal)), Join(_cases.GetProperty("names").EnumerateArray().Select(n => n.GetString()).Order(StringComparer.Ordinal)))]);
        foreach (var (name, widened) in checkpoint.Tensors.Where(t => t.Key.EndsWith("_as_f32", StringComparison.Ordinal)))
        {
            var narrow = name[..^"_as_f32".Length];
            CheckAll(narrow, checkpoint[narrow].ToSingles().Zip(widened.ToSingles()).Select((v, i) => ($"{i}", $"{BitConverter.SingleToUInt32Bits(v.First):x8}", $"{BitConverter.SingleToUInt32Bits(v.Second):x8}")));
        }
    }

    private void Check(string name, string part, Func<JsonElement, string> got, Func<JsonElement, string> want)
    {
        if (_cases.TryGetProperty(name, out var entries))
        {
            _known.Add(name);
            CheckAll($"{name}.{part}", entries.EnumerateArray().Where(e => e.TryGetProperty(part, out _)).Select(e => (e.TryGetProperty("text", out var text) ? text.GetString()! : Join(Ids(e)), got(e), want(e))));
        }
    }

    private void CheckAll(string name, IEnumerable<(string Case, string Got, string Want)> cases)
    {
        _known.Add(name);
        var all = cases.ToArray();
        if (all.Length == 0)
        {
            return;
        }

        var wrong = all.Where(c => c.Got != c.Want).ToArray();
        _rows.Add(wrong.Length == 0
            ? new FixtureRow(name, FixtureVerdict.Passed, 0, 0, "")
            : new FixtureRow(name, FixtureVerdict.Failed, wrong.Length, 0, $"{wrong.Length} of {all.Length} cases differ; the first, \"{wrong[0].Case}\": \"{wrong[0].Got}\" where \"{wrong[0].Want}\" was expected"));
    }

    private static string Offsets(JsonElement entry, string kind) => Join(entry.GetProperty($"{kind}_offsets").EnumerateArray()
        .Select(o => new CtcSpan(Text(o, kind), o.GetProperty("start_offset").GetInt32(), o.GetProperty("end_offset").GetInt32())));

    private static string Text(JsonElement entry, string name) => entry.GetProperty(name).GetString()!;

    private static int[] Ids(JsonElement entry) => [.. entry.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];

    private static string Join<T>(IEnumerable<T> values) => string.Join(' ', values);
}
