namespace Parley.Hub;

/// <summary>One file of a model as the hub describes it; the tag names its blob in the cache.</summary>
/// <param name="Name">Path inside the model's folder.</param>
/// <param name="Tag">Normalised ETag: the sha256 of large files, the git blob sha1 of small ones.</param>
/// <param name="Size">Size in bytes.</param>
internal sealed record HubFile(string Name, string Tag, long Size)
{
    public static HubFile From(string id, string name, string? etag, long? size)
    {
        var tag = etag?.Trim() ?? "";
        tag = (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag).Trim('"');
        if (tag.Length is 0 or > 128 || !tag.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            throw new HubException($"{id}: the hub gives no usable ETag for {name}; check HF_ENDPOINT");
        }

        return size is >= 0 ? new HubFile(name, tag, size.Value) : throw new HubException($"{id}: the hub does not say how big {name} is; check HF_ENDPOINT");
    }
}
