using System.Text.Json;

namespace Parley.Nn;

/// <summary>The table that says which file of a sharded checkpoint holds which tensor.</summary>
/// <remarks>Format: transformers, model.safetensors.index.json and pytorch_model.bin.index.json.</remarks>
internal static class ShardIndex
{
    /// <summary>Reads an index: tensor name to the full path of an existing file inside the folder.</summary>
    public static OrderedDictionary<string, string> Read(string path)
    {
        using var json = ModelFolder.ReadJsonFile(path);
        if (json.RootElement.ValueKind != JsonValueKind.Object
            || !json.RootElement.TryGetProperty("weight_map", out var map)
            || map.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"{path}: no weight_map object in the shard index");
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var files = new OrderedDictionary<string, string>();
        var known = new Dictionary<string, string>();
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
        {
            var shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
            if (!known.TryGetValue(shard, out var full))
            {
                known[shard] = full = Resolve(path, folder, shard);
                if (!File.Exists(full))
                {
                    missing.Add(shard);
                }
            }

            if (!files.TryAdd(entry.Name, full))
            {
                throw new InvalidDataException($"{path}: tensor {entry.Name} is listed twice");
            }
        }

        return missing.Count == 0
            ? files
            : throw new FileNotFoundException($"{path}: missing beside it: {string.Join(", ", missing)}; download the model again");
    }

    // A name must stay in the folder as written, and so must the file that it leads to; only a snapshot of the hub's cache
    // may link to the cache's own blobs folder.
    private static string Resolve(string index, string folder, string shard)
    {
        var parts = shard.Split('/');
        if (shard.Length is 0 or > 255 || parts.Any(p => p is "" or "." or "..") || shard.AsSpan().ContainsAny('\\', ':') || shard.Any(char.IsControl))
        {
            throw Outside(index, shard);
        }

        var full = Path.Combine([folder, .. parts]);
        var realFolder = RealPath.Of(folder);
        var real = RealPath.Of(full);
        if (RealPath.IsBelow(real, realFolder))
        {
            return full;
        }

        var snapshots = Path.GetDirectoryName(realFolder);
        var isSnapshot = snapshots is not null && Path.GetFileName(snapshots) == "snapshots";
        return isSnapshot && RealPath.IsBelow(real, Path.Combine(Path.GetDirectoryName(snapshots)!, "blobs")) ? full : throw Outside(index, shard);
    }

    private static InvalidDataException Outside(string index, string shard)
    {
        var shown = string.Concat(shard.Where(c => !char.IsControl(c)).Take(100));
        return new InvalidDataException($"{index}: the shard name \"{shown}\" does not stay inside the model's folder; do not trust this checkpoint");
    }
}
