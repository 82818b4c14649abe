using System.Text.RegularExpressions;

namespace Parley.Hub;

/// <summary>Where models come from and where they are kept.</summary>
/// <param name="CacheFolder">Root of the cache, shared with Python's huggingface_hub.</param>
/// <param name="Endpoint">Address of the hub.</param>
/// <param name="Token">Access token, or null for public models only.</param>
/// <param name="Offline">Whether the network may not be used.</param>
/// <param name="UseSymlinks">Whether snapshots link to blobs; otherwise, or where links cannot be made, they hold the files.</param>
/// <param name="MetadataTimeout">Longest wait for an answer about a file; 10 s when null.</param>
/// <param name="DownloadTimeout">Longest wait for the next bytes of a file; 10 s when null.</param>
/// <param name="Retries">How often a dropped or refused transfer is tried again.</param>
public sealed record HubOptions(
    string CacheFolder,
    Uri Endpoint,
    string? Token = null,
    bool Offline = false,
    bool UseSymlinks = true,
    TimeSpan? MetadataTimeout = null,
    TimeSpan? DownloadTimeout = null,
    int Retries = 5)
{
    /// <summary>Options as the environment gives them: HF_HUB_CACHE, HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and their kin.</summary>
    public static HubOptions FromEnvironment() => From(Environment.GetEnvironmentVariable);

    internal static HubOptions From(Func<string, string?> environment)
    {
        string? Get(string name) => environment(name) is { Length: > 0 } value ? value : null;
        string Variables(string path) => Regex.Replace(path, @"\$(?:(\w+)|\{(\w+)\})", m => environment(m.Groups[1].Value + m.Groups[2].Value) ?? m.Value);
        bool IsOn(string name) => Get(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";
        TimeSpan? Seconds(string name) => double.TryParse(Get(name), out var seconds) && seconds is > 0 and < 86400 ? TimeSpan.FromSeconds(seconds) : null;

        var user = Get("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var home = Expand(Variables(Get("HF_HOME") ?? Path.Combine(Get("XDG_CACHE_HOME") ?? Path.Combine(user, ".cache"), "huggingface")), user);
        var cache = Expand(Variables(Get("HF_HUB_CACHE") ?? Get("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub")), user);
        var address = (Get("HF_ENDPOINT") ?? "https://huggingface.co").TrimEnd('/');
        return new HubOptions(
            Path.GetFullPath(cache),
            Uri.TryCreate(address, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "http" or "https"
                ? endpoint
                : throw new ArgumentException($"HF_ENDPOINT is \"{address}\"; an address such as https://huggingface.co was expected"),
            Token: IsOn("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? null : Clean(Get("HF_TOKEN") ?? Get("HUGGING_FACE_HUB_TOKEN")) ?? TokenFile(Expand(Variables(Get("HF_TOKEN_PATH") ?? Path.Combine(home, "token")), user)),
            Offline: IsOn("HF_HUB_OFFLINE") || IsOn("TRANSFORMERS_OFFLINE"),
            UseSymlinks: !IsOn("HF_HUB_DISABLE_SYMLINKS"),
            MetadataTimeout: Seconds("HF_HUB_ETAG_TIMEOUT"),
            DownloadTimeout: Seconds("HF_HUB_DOWNLOAD_TIMEOUT"));
    }

    private static string Expand(string path, string user) =>
        path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(user, path[1..].TrimStart('/')) : path;

    private static string? TokenFile(string path) =>
        new FileInfo(path) is { Exists: true, Length: > 0 and < 10_000 } ? Clean(File.ReadAllText(path)) : null;

    private static string? Clean(string? token)
    {
        token = token?.Trim();
        return token is null or "" ? null
            : token.All(c => c is > ' ' and < '\x7f') ? token
            : throw new ArgumentException("the hub token has characters that no token has; check HF_TOKEN and the token file");
    }
}
