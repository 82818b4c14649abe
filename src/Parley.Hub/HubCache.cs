using System.Globalization;
using System.Text.Json;

namespace Parley.Hub;

/// <summary>One model's part of the cache, laid out as huggingface_hub does.</summary>
/// <remarks>
/// blobs/TAG holds contents, snapshots/COMMIT/FILE links to them, refs/REVISION names a commit. Beside these Parley keeps
/// .parley/COMMIT, the list of files it fetched, so that a snapshot can be known to be whole without the network.
/// </remarks>
internal sealed class HubCache(HubOptions options, string id)
{
    private const long MaxText = 1 << 22;

    private readonly string _folder = Path.Combine(options.CacheFolder, "models--" + id.Replace("/", "--", StringComparison.Ordinal));

    public string Snapshot(string commit) => Path.Combine(_folder, "snapshots", commit);

    public string Incomplete(HubFile file) => Path.Combine(_folder, "blobs", $"{file.Tag}.parley.incomplete");

    /// <summary>The snapshot's folder when it is whole, else an error that names what is missing.</summary>
    public string Complete(string revision, string reason) =>
        TryComplete(revision) ?? throw new HubException($"{id}: {reason}, and {WhyIncomplete(revision)}");

    public string? TryComplete(string revision) => Commit(revision) is { } commit && Missing(commit).Count == 0 ? Snapshot(commit) : null;

    public string WhyIncomplete(string revision) => Commit(revision) is not { } commit
        ? $"revision {revision} is not in the cache {options.CacheFolder}"
        : $"the cached snapshot {Snapshot(commit)} lacks {string.Join(", ", Missing(commit))}";

    /// <summary>Whether a snapshot already has a file of the right size.</summary>
    public bool HasInSnapshot(string commit, HubFile file) => SizeOf(InSnapshot(commit, file.Name)) == file.Size;

    public bool HasBlob(HubFile file) => SizeOf(Blob(file)) == file.Size;

    /// <summary>Waits until no other process fetches this file; the lock is the one that Python's tools take.</summary>
    public async Task<IDisposable> LockAsync(HubFile file, CancellationToken cancellation)
    {
        var path = Path.Combine(options.CacheFolder, ".locks", Path.GetFileName(_folder), $"{file.Tag}.lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Directory.CreateDirectory(Path.Combine(_folder, "blobs"));
        WriteCacheTag();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (IsLocked(e))
            {
                await Task.Delay(millisecondsDelay: 100, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Gives a verified download its place among the blobs.</summary>
    public void Keep(HubFile file) => File.Move(Incomplete(file), Blob(file), overwrite: true);

    /// <summary>Shows a blob under its name in a snapshot.</summary>
    public void Link(string commit, HubFile file)
    {
        var shown = InSnapshot(commit, file.Name);
        Directory.CreateDirectory(Path.GetDirectoryName(shown)!);
        var made = $"{shown}.{Guid.NewGuid():N}.tmp";
        if (options.UseSymlinks)
        {
            try
            {
                File.CreateSymbolicLink(made, Path.GetRelativePath(Path.GetDirectoryName(shown)!, Blob(file)));
                File.Move(made, shown, overwrite: true);
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
            {
                // Windows without developer mode, and file systems without links: the file itself goes into the snapshot.
                File.Delete(made);
            }
        }

        File.Move(Blob(file), shown, overwrite: true);
    }

    /// <summary>Names the snapshot's commit and files once all of them are there.</summary>
    public void Finish(string revision, string commit, IReadOnlyList<HubFile> files)
    {
        WriteWhole(Manifest(commit), string.Concat(files.Select(f => $"{f.Size.ToString(CultureInfo.InvariantCulture)} {f.Name}\n")));
        if (revision != commit)
        {
            WriteWhole(Path.Combine([_folder, "refs", .. revision.Split('/')]), commit);
        }
    }

    private string Blob(HubFile file) => Path.Combine(_folder, "blobs", file.Tag);

    private string InSnapshot(string commit, string name) => Path.Combine([Snapshot(commit), .. name.Split('/')]);

    private string Manifest(string commit) => Path.Combine(_folder, ".parley", commit);

    private string? Commit(string revision)
    {
        var commit = HubNames.IsCommit(revision) ? revision : ReadText(Path.Combine([_folder, "refs", .. revision.Split('/')]))?.Trim();
        return commit is not null && HubNames.IsCommit(commit) && Directory.Exists(Snapshot(commit)) ? commit : null;
    }

    // What Parley fetched itself it has a list of; a snapshot of Python's must have the settings and whole weights.
    private List<string> Missing(string commit)
    {
        if (ReadText(Manifest(commit)) is { } manifest)
        {
            return [.. from line in manifest.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                       let space = line.IndexOf(' ')
                       let name = line[(space + 1)..]
                       where !long.TryParse(line.AsSpan(0, Math.Max(space, 0)), out var size) || !HubNames.IsSafeFile(name) || SizeOf(InSnapshot(commit, name)) != size
                       select name];
        }

        var missing = new List<string>();
        if (SizeOf(InSnapshot(commit, "config.json")) is null)
        {
            missing.Add("config.json");
        }

        string[] present = [.. Directory.EnumerateFiles(Snapshot(commit)).Where(f => SizeOf(f) is not null).Select(f => Path.GetFileName(f))];
        if (Array.Find(["model.safetensors.index.json", "pytorch_model.bin.index.json"], present.Contains) is { } index
            && !present.Contains(index[..^".index.json".Length]))
        {
            missing.AddRange(Shards(InSnapshot(commit, index)).Where(s => !present.Contains(s)));
        }
        else if (!present.Any(f => Path.GetExtension(f) is ".safetensors" or ".bin" or ".pt" or ".pth"))
        {
            missing.Add("model.safetensors");
        }

        return missing;
    }

    private IEnumerable<string> Shards(string index)
    {
        try
        {
            using var json = JsonDocument.Parse(ReadText(index) ?? "");
            return [.. json.RootElement.GetProperty("weight_map").EnumerateObject().Select(e => HubNames.Shown(e.Value.GetString() ?? "")).Distinct()];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new HubException($"{id}: {index} is no shard index; delete it and fetch the model again", e);
        }
    }

    // "Would block" on Linux and macOS, sharing and lock violations on Windows; anything else is a real error.
    private static bool IsLocked(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);

    // A link counts only with what it leads to.
    private static long? SizeOf(string path)
    {
        var file = new FileInfo(path);
        var target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
        return target is { Exists: true } ? target.Length : null;
    }

    private static string? ReadText(string path) => SizeOf(path) is > 0 and < MaxText ? File.ReadAllText(path) : null;

    private static void WriteWhole(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        File.WriteAllText(temporary, text);
        File.Move(temporary, path, overwrite: true);
    }

    // Tells backup programs to leave the cache out.
    private void WriteCacheTag()
    {
        var tag = Path.Combine(options.CacheFolder, "CACHEDIR.TAG");
        if (!File.Exists(tag))
        {
            WriteWhole(tag, "Signature: 8a477f597d28d172789f06886806bc55\n# Models of Hugging Face's hub. See https://bford.info/cachedir/\n");
        }
    }
}
