using System.Security.Cryptography;
using System.Text;

namespace Parley.Hub.Tests;

/// <summary>A model on the test server, answered as the real hub does, and a cache folder that goes with the test.</summary>
internal sealed class HubModel : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly string _root = Directory.CreateTempSubdirectory("parley-hub-").FullName;

    public HubModel()
    {
        Server = new HubServer(asked => Override(asked) ?? Usual(asked));
    }

    public static byte[] Weights { get; } = RandomNumberGenerator.GetBytes(300_000);

    public Dictionary<string, byte[]> Files { get; } = new()
    {
        ["config.json"] = "{\"model_type\":\"whisper\"}"u8.ToArray(),
        ["model.safetensors"] = Weights,
        ["pytorch_model.bin"] = [1],
        ["modeling.py"] = [2],
        ["tf_model.h5"] = [3],
        ["onnx/model.onnx"] = [4],
        ["tokenizer.json"] = "{}"u8.ToArray(),
    };

    public HubServer Server { get; }

    public string Cache => Path.Combine(_root, "hub");

    public string Folder => Path.Combine(Cache, "models--org--tiny");

    /// <summary>Answers of a test that differ from the usual ones.</summary>
    public Func<Asked, Answer?> Override { get; set; } = _ => null;

    public IEnumerable<Asked> Gets(string name) => Server.Requests.Where(r => r.Method == "GET" && r.Path.EndsWith("/" + name, StringComparison.Ordinal));

    public HubOptions Options => new(
        Cache, Server.Address, Token: "hf_secret", MetadataTimeout: TimeSpan.FromSeconds(2), DownloadTimeout: TimeSpan.FromSeconds(0.5), Retries: 3);

    public async Task<string> FetchAsync(HubOptions? options = null, string revision = "main", IProgress<HubProgress>? progress = null)
    {
        using var client = new HubClient(options ?? Options) { Backoff = TimeSpan.FromMilliseconds(1) };
        return await client.SnapshotAsync("org/tiny", revision, progress, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20));
    }

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public static string GitSha1(byte[] content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {content.Length}\0"));
        hash.AppendData(content);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public Answer Usual(Asked asked)
    {
        const string Resolve = $"/org/tiny/resolve/{Commit}/";
        if (asked.Path == "/api/models/org/tiny/revision/main")
        {
            var names = string.Join(',', Files.Keys.Select(n => $"{{\"rfilename\":\"{n}\"}}"));
            return new Answer(200, Encoding.UTF8.GetBytes($"{{\"sha\":\"{Commit}\",\"siblings\":[{names}]}}"));
        }

        if (!asked.Path.StartsWith(Resolve, StringComparison.Ordinal) || !Files.TryGetValue(asked.Path[Resolve.Length..], out var content))
        {
            return new Answer(404, [], ("X-Error-Code", "EntryNotFound"));
        }

        var isLarge = asked.Path.EndsWith(".safetensors", StringComparison.Ordinal);
        (string, string)[] headers = isLarge
            ? [("X-Repo-Commit", Commit), ("X-Linked-Etag", $"\"{Sha256(content)}\""), ("X-Linked-Size", $"{content.Length}"), ("ETag", "\"cdn\"")]
            : [("X-Repo-Commit", Commit), ("ETag", $"W/\"{GitSha1(content)}\"")];
        return Part(asked, content, headers);
    }

    public static Answer Part(Asked asked, byte[] content, params (string, string)[] headers)
    {
        if (!asked.Headers.TryGetValue("Range", out var range))
        {
            return new Answer(200, content, headers);
        }

        var start = int.Parse(range["bytes=".Length..^1]);
        return new Answer(206, content[start..], [.. headers, ("Content-Range", $"bytes {start}-{content.Length - 1}/{content.Length}")]);
    }

    public void Dispose()
    {
        Server.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
