using System.Text.Json;

namespace Parley.Text;

/// <summary>Reads the older Hugging Face layout: <c>vocab.json</c>, <c>merges.txt</c> and the special tokens of the files beside them.</summary>
internal static class VocabAndMerges
{
    private static readonly string[] Roles =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "additional_special_tokens"];

    /// <summary>Opens the two files; <paramref name="extra"/> gets the vocabulary and the added tokens found and may give more of them.</summary>
    public static BpeTokenizer Load(
        string vocabPath, string mergesPath, bool? addPrefixSpace, Func<TokenBytes, AddedTokenSet, IEnumerable<AddedToken>>? extra)
    {
        var written = VocabularyJson.Load(vocabPath);
        var merges = TiktokenFile.ReadBounded(mergesPath);
        var folder = Path.GetDirectoryName(Path.GetFullPath(vocabPath))!;
        var tokens = VocabularyJson.ToBytes(written);
        var added = ReadAdded(folder, tokens, out var prefixSpace);
        if (extra is not null)
        {
            added.AddRange(extra(tokens, new AddedTokenSet(added)));
        }

        var set = new AddedTokenSet(added);
        return new BpeTokenizer(new BpeModel(
            vocabPath, tokens, () => Merges(mergesPath, merges, written), set, new PreTokenizer.Scan(WordScanners.Gpt2), TokenDecoding.Bytes)
        {
            PrefixWholeText = addPrefixSpace ?? prefixSpace,
            Unknown = set.Find("<|endoftext|>")?.Id,
        });
    }

    private static BpeMerges Merges(string path, ReadOnlySpan<byte> file, TokenBytes written)
    {
        var list = new MergeList(path, written);
        file = VocabularyJson.WithoutMark(file);
        var first = true;
        while (!file.IsEmpty)
        {
            var end = file.IndexOf((byte)'\n');
            var line = (end < 0 ? file : file[..end]).TrimEnd((byte)'\r');
            file = end < 0 ? [] : file[(end + 1)..];
            if (!line.IsEmpty && !(first && line.StartsWith("#version"u8)))
            {
                list.AddLine(line);
            }

            first = false;
        }

        return list.Build();
    }

    private static List<AddedToken> ReadAdded(string folder, TokenBytes tokens, out bool prefixSpace)
    {
        prefixSpace = false;
        List<AddedToken> added = [];
        HashSet<string> special = new(StringComparer.Ordinal) { "<|endoftext|>" };
        var (map, config, list) = (Path.Combine(folder, "special_tokens_map.json"), Path.Combine(folder, "tokenizer_config.json"), Path.Combine(folder, "added_tokens.json"));
        if (File.Exists(map))
        {
            using var json = JsonText.Open(map);
            Name(map, json.RootElement, special);
        }

        if (File.Exists(config))
        {
            using var json = JsonText.Open(config);
            Name(config, json.RootElement, special);
            prefixSpace = json.RootElement.Flag(config, "add_prefix_space", otherwise: false);
            if (json.RootElement.Member(config, "added_tokens_decoder") is { ValueKind: JsonValueKind.Object } decoder)
            {
                foreach (var entry in decoder.EnumerateObject())
                {
                    var where = $"{config}: added_tokens_decoder '{entry.Name}'";
                    added.Add(TokenizerJson.ReadAddedToken(entry.Value, where, int.TryParse(entry.Name, out var id) && id >= 0
                        ? id
                        : throw new InvalidDataException($"{where} is not an id")));
                }
            }
        }

        if (File.Exists(list))
        {
            var known = added.Select(t => t.Content).ToHashSet(StringComparer.Ordinal);
            var more = VocabularyJson.Load(list, 65536 + tokens.Count);
            for (var id = 0; id < more.Count; id++)
            {
                var content = System.Text.Encoding.UTF8.GetString(more[id]);
                if (content.Length > 0 && known.Add(content))
                {
                    added.Add(new AddedToken(id, content, special.Contains(content)));
                }
            }
        }

        var named = added.Select(t => t.Content).ToHashSet(StringComparer.Ordinal);
        foreach (var content in special.Where(s => !named.Contains(s)))
        {
            if (tokens.Find(System.Text.Encoding.UTF8.GetBytes(content)) is var id and >= 0)
            {
                added.Add(new AddedToken(id, content));
            }
        }

        return added;
    }

    private static void Name(string where, JsonElement json, HashSet<string> special)
    {
        foreach (var role in Roles)
        {
            if (json.Member(where, role) is not { } value)
            {
                continue;
            }

            foreach (var token in value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : new[] { value })
            {
                var content = token.ValueKind == JsonValueKind.Object ? token.Text(where, "content") : JsonText.AsText(token, $"{where}: '{role}'");
                if (content is not null)
                {
                    special.Add(content);
                }
            }
        }
    }
}
