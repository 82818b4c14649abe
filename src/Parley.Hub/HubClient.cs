using System.Net;
using System.Text.Json;

namespace Parley.Hub;

/// <summary>Published models by id: fetched once, verified, and kept in the cache that Python's tools use too.</summary>
/// <remarks>Facts: huggingface/huggingface_hub src/huggingface_hub/file_download.py and _snapshot_download.py.</remarks>
public sealed class HubClient(HubOptions options) : IDisposable
{
    private const int MaxListBytes = 32 << 20;

    private readonly Lazy<HubTransport> _transport = new(() => new HubTransport(options));

    /// <summary>First wait before a failed request is repeated; it doubles each time.</summary>
    internal TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Whether a text has the form of a hub id, such as openai/whisper-tiny.</summary>
    public static bool IsId(string text)
    {
        try
        {
            HubNames.CheckId(text);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Makes sure a model is in the cache, whole and verified, and returns its folder.</summary>
    /// <param name="id">Hub id, such as openai/whisper-tiny.</param>
    /// <param name="revision">Branch, tag or commit.</param>
    /// <param name="progress">Told as bytes arrive.</param>
    /// <param name="cancellation">Stops the download; what has arrived is kept for the next time.</param>
    public async Task<string> SnapshotAsync(
        string id, string revision = "main", IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        ArgumentNullException.ThrowIfNull(revision);
        HubNames.CheckId(id);
        HubNames.CheckRevision(revision);
        var cache = new HubCache(options, id);
        if (options.Offline)
        {
            return cache.Complete(revision, "the hub is switched off by HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE");
        }

        if (HubNames.IsCommit(revision) && cache.TryComplete(revision) is { } fixedFolder)
        {
            return fixedFolder;
        }

        try
        {
            return await DownloadAsync(cache, id, revision, progress, cancellation).ConfigureAwait(false);
        }
        catch (IOException e) when (e is not (HubException or HubUnreachableException))
        {
            throw new HubException($"{id}: the cache {options.CacheFolder} cannot be written: {e.Message}; free some space, or set HF_HOME to another disk", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new HubException($"{id}: the cache {options.CacheFolder} cannot be written: {e.Message}; set HF_HOME to a folder of yours", e);
        }
        catch (HubUnreachableException e)
        {
            return cache.TryComplete(revision) is { } folder ? folder : throw new HubException($"{id}: {e.Message}; {cache.WhyIncomplete(revision)}", e);
        }
    }

    /// <summary>Closes connections.</summary>
    public void Dispose()
    {
        if (_transport.IsValueCreated)
        {
            _transport.Value.Dispose();
        }
    }

    private async Task<string> DownloadAsync(HubCache cache, string id, string revision, IProgress<HubProgress>? progress, CancellationToken cancellation)
    {
        var (commit, names) = await RetryAsync(() => ListAsync(id, revision, cancellation), cancellation).ConfigureAwait(false);
        var files = new List<HubFile>();
        foreach (var name in HubFiles.Choose(names))
        {
            var safe = HubNames.IsSafeFile(name) ? name : throw new HubException($"{id}: the hub lists a file \"{HubNames.Shown(name)}\", which is no safe name; nothing was fetched");
            files.Add(await RetryAsync(() => DescribeAsync(id, commit, safe, cancellation), cancellation).ConfigureAwait(false));
        }

        if (files.Count == 0)
        {
            throw new HubException($"{id}: the hub lists no file that Parley reads");
        }

        var total = files.Sum(f => f.Size);
        var done = 0L;
        foreach (var file in files)
        {
            var before = done;
            var told = new Action<long>(bytes => progress?.Report(new HubProgress(file.Name, before + bytes, total)));
            await FetchAsync(cache, id, commit, file, told, cancellation).ConfigureAwait(false);
            done += file.Size;
            told(file.Size);
        }

        cache.Finish(revision, commit, files);
        return cache.Snapshot(commit);
    }

    private async Task<(string Commit, List<string> Names)> ListAsync(string id, string revision, CancellationToken cancellation)
    {
        var address = new Uri($"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/api/models/{id}/revision/{Uri.EscapeDataString(revision)}");
        using var response = await _transport.Value.SendAsync(HttpMethod.Get, address, range: null, cancellation).ConfigureAwait(false);
        CheckStatus(response, id, revision);
        var bytes = await HubTransport.ReadAsync(response, MaxListBytes, options.MetadataTimeout ?? HubTransport.DefaultTimeout, cancellation).ConfigureAwait(false);
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var commit = json.RootElement.GetProperty("sha").GetString() ?? "";
            List<string> names = [.. json.RootElement.GetProperty("siblings").EnumerateArray().Select(s => s.GetProperty("rfilename").GetString() ?? "")];
            if (names.Find(n => n.StartsWith('/') || n.Split('/', '\\').Contains("..")) is { } escaping)
            {
                throw new HubException($"{id}: the hub lists a file \"{HubNames.Shown(escaping)}\" outside the model's folder; nothing was fetched");
            }

            return HubNames.IsCommit(commit) ? (commit, names) : throw new HubException($"{id}: the hub names no commit for {revision}");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new HubException($"{id}: the answer of {options.Endpoint.Host} is not a list of files; check HF_ENDPOINT", e);
        }
    }

    private async Task<HubFile> DescribeAsync(string id, string commit, string name, CancellationToken cancellation)
    {
        var address = Address(id, commit, name);
        for (var hop = 0; hop < HubTransport.MaxRedirects; hop++)
        {
            using var response = await _transport.Value.SendOnceAsync(HttpMethod.Head, address, range: null, cancellation).ConfigureAwait(false);
            var etag = Header(response, "X-Linked-Etag") ?? response.Headers.ETag?.Tag ?? Header(response, "ETag");
            var size = long.TryParse(Header(response, "X-Linked-Size"), out var linked) ? linked : response.Content.Headers.ContentLength;
            var isRedirect = HubTransport.Redirect(response, address) is { };
            if (isRedirect && Header(response, "X-Linked-Etag") is null)
            {
                address = HubTransport.Redirect(response, address)!;
                continue;
            }

            if (!isRedirect)
            {
                CheckStatus(response, id, name);
            }

            if (Header(response, "X-Repo-Commit") is { } answered && answered != commit)
            {
                throw new HubException($"{id}: {name} comes from commit {HubNames.Shown(answered)} instead of {commit}; try again");
            }

            return HubFile.From(id, name, etag, size);
        }

        throw new HubException($"{id}: {name} is redirected more than {HubTransport.MaxRedirects} times");
    }

    private async Task FetchAsync(HubCache cache, string id, string commit, HubFile file, Action<long> told, CancellationToken cancellation)
    {
        if (cache.HasInSnapshot(commit, file))
        {
            return;
        }

        using var held = await cache.LockAsync(file, cancellation).ConfigureAwait(false);
        if (!cache.HasBlob(file))
        {
            var download = new HubDownload(_transport.Value, Address(id, commit, file.Name), file, cache.Incomplete(file), options);
            var (failures, high, hashFailures) = (0, 0L, 0);
            while (true)
            {
                var outcome = await download.TryAsync(r => CheckStatus(r, id, file.Name), told, cancellation).ConfigureAwait(false);
                if (outcome.Error is null)
                {
                    break;
                }

                // Progress earns patience, one try for each megabyte; a wrong hash earns one new start.
                failures = outcome.Bytes >= high + (1 << 20) ? 0 : failures + 1;
                high = Math.Max(high, outcome.Bytes);
                hashFailures += outcome.IsWrongContent ? 1 : 0;
                if (failures > options.Retries || hashFailures > 1)
                {
                    throw outcome.IsWrongContent
                        ? new HubException($"{id}: {file.Name}: {outcome.Error}")
                        : new HubUnreachableException($"{file.Name}: {outcome.Error}", null);
                }

                await Task.Delay(outcome.RetryAfter ?? Wait(failures), cancellation).ConfigureAwait(false);
            }

            cache.Keep(file);
        }

        cache.Link(commit, file);
    }

    // Repeats what the network spoilt, a bounded number of times.
    private async Task<T> RetryAsync<T>(Func<Task<T>> request, CancellationToken cancellation)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await request().ConfigureAwait(false);
            }
            catch (HubUnreachableException e) when (failures < (e.IsConnection ? Math.Min(1, options.Retries) : options.Retries) && e.IsTransient)
            {
                await Task.Delay(e.RetryAfter ?? Wait(failures), cancellation).ConfigureAwait(false);
            }
        }
    }

    private TimeSpan Wait(int failures) => Backoff * Math.Min(16, Math.Pow(2, failures));

    private Uri Address(string id, string commit, string name) =>
        new($"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/{id}/resolve/{commit}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}");

    private void CheckStatus(HttpResponseMessage response, string id, string what)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var code = Header(response, "X-Error-Code");
        var host = options.Endpoint.Host;
        var token = options.Token is null ? "no token is set: put one in HF_TOKEN" : "the token in use does not give access";
        throw (response.StatusCode, code) switch
        {
            (_, "GatedRepo") => new HubException($"{id}: gated; accept its terms at {options.Endpoint}{id} first ({token})"),
            (_, "RevisionNotFound") => new HubException($"{id}: no revision {what} on {host}"),
            (HttpStatusCode.NotFound, "EntryNotFound") => new HubException($"{id}: no file {what} on {host}"),
            (HttpStatusCode.Unauthorized, _) => new HubException($"{id}: no such model on {host}, or a private one ({token}); check the id's spelling"),
            (HttpStatusCode.Forbidden, _) => new HubException($"{id}: access denied by {host}; the model may be gated or private ({token})"),
            (HttpStatusCode.NotFound, _) => new HubException($"{id}: not found on {host}; check the id's spelling ({what} was asked for)"),
            _ => HubUnreachableException.From(response),
        };
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? values.FirstOrDefault() : null;
}
