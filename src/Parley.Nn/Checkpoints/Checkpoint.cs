using System.Text.Json;

namespace Parley.Nn;

/// <summary>The tensors of a published model, memory-mapped and not yet converted.</summary>
/// <remarks>
/// Reads safetensors, sharded safetensors, PyTorch files through a reader that builds tensors and plain values only, and NeMo's archives of those.
/// Disposing unmaps the files: every address taken from a tensor dies with the checkpoint.
/// </remarks>
public sealed class Checkpoint : IDisposable
{
    private readonly List<ByteRegion> _regions;
    private readonly Lazy<JsonElement> _extra;
    private readonly TarArchive? _archive;

    private Checkpoint(
        string path, List<ByteRegion> regions, OrderedDictionary<string, StoredTensor> tensors, Dictionary<string, string> metadata, Lazy<JsonElement> extra, TarArchive? archive = null)
    {
        _archive = archive;
        (Path, _regions, Tensors, Metadata, _extra) = (path, regions, tensors, metadata, extra);
    }

    /// <summary>The file or folder that was opened, as messages name it.</summary>
    public string Path { get; }

    /// <summary>All tensors by name, in the order of the file.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>The text entries that safetensors files carry beside their tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>What a PyTorch file holds beside tensors, such as `dims` in Whisper's own; an empty object for safetensors.</summary>
    public JsonElement Extra => _extra.Value;

    /// <summary>Names of the files that a NeMo archive holds beside its weights; none for other checkpoints.</summary>
    public IReadOnlyCollection<string> Files => _archive?.Names ?? [];

    /// <summary>The bytes of one of <see cref="Files"/>.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="most">A larger one is refused.</param>
    public byte[] ReadFile(string name, int most)
    {
        var (offset, size) = _archive?.Find(name) ?? throw new InvalidDataException($"{Path}: no {name} in this archive");
        var bytes = new byte[size <= most ? (int)size : throw new InvalidDataException($"{Path}: {name} has {size} bytes, more than the {most} that are read")];
        _archive.Region.Read(offset, bytes);
        return bytes;
    }

    /// <summary>One tensor by name, or an error that names it and the file.</summary>
    public StoredTensor this[string name] =>
        Tensors.TryGetValue(name, out var tensor) ? tensor : throw new InvalidDataException($"{Path}: no tensor {name}");

    /// <summary>Opens a model folder or one checkpoint file; the format is told by content.</summary>
    public static Checkpoint Open(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        var file = Directory.Exists(path) ? FindIn(path) : path;
        var regions = new List<ByteRegion>();
        try
        {
            return file.EndsWith(".index.json", StringComparison.Ordinal) ? OpenShards(path, file, regions) : OpenFile(path, file, regions);
        }
        catch
        {
            regions.ForEach(r => r.Dispose());
            throw;
        }
    }

    /// <summary>Unmaps the files.</summary>
    public void Dispose() => _regions.ForEach(r => r.Dispose());

    private static string FindIn(string folder)
    {
        string[] known = ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];
        if (known.Select(name => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } found)
        {
            return found;
        }

        foreach (var pattern in (string[])["*.safetensors", "*.nemo", "*.pt", "*.pth", "*.bin"])
        {
            var candidates = Directory.EnumerateFiles(folder, pattern).Take(10).Order(StringComparer.Ordinal).ToArray();
            if (candidates.Length == 1)
            {
                return candidates[0];
            }

            if (candidates.Length > 1)
            {
                throw new InvalidDataException(
                    $"{folder}: several checkpoints ({string.Join(", ", candidates.Select(System.IO.Path.GetFileName))}); give the one file that is wanted");
            }
        }

        throw new FileNotFoundException($"{folder}: no checkpoint here; {string.Join(", ", known)} or a single *.pt was looked for");
    }

    private static Checkpoint OpenFile(string path, string file, List<ByteRegion> regions)
    {
        var tensors = new OrderedDictionary<string, StoredTensor>();
        var metadata = new Dictionary<string, string>();
        var region = ByteRegion.Map(file);
        regions.Add(region);
        if (NemoArchive.Open(file, ref region, regions) is { } archive)
        {
            var weights = NemoArchive.WeightsOf(file, archive, region);
            var root = new TorchFile(file, weights).Read();
            new TorchTensors(file, weights, regions).Collect(root, tensors);
            return new Checkpoint(path, regions, tensors, metadata, NoExtra(), archive);
        }

        return new Checkpoint(path, regions, tensors, metadata, ReadRegion(file, region, regions, tensors, metadata));
    }

    private static Checkpoint OpenShards(string path, string index, List<ByteRegion> regions)
    {
        var files = ShardIndex.Read(index);
        var tensors = new OrderedDictionary<string, StoredTensor>();
        var metadata = new Dictionary<string, string>();
        var shards = new Dictionary<string, OrderedDictionary<string, StoredTensor>>();
        var lost = new List<string>();
        foreach (var (name, file) in files)
        {
            if (!shards.TryGetValue(file, out var shard))
            {
                shards[file] = shard = [];
                ReadFile(file, regions, shard, metadata);
            }

            if (shard.TryGetValue(name, out var tensor))
            {
                tensors.Add(name, tensor);
            }
            else
            {
                lost.Add($"\n  {name}: not in {System.IO.Path.GetFileName(file)}");
            }
        }

        // Tensors that the index forgot are shown too: whether they matter is for the model to say.
        foreach (var (name, tensor) in shards.Values.SelectMany(s => s))
        {
            tensors.TryAdd(name, tensor);
        }

        return lost.Count == 0
            ? new Checkpoint(path, regions, tensors, metadata, NoExtra())
            : throw new InvalidDataException($"{index}: {lost.Count} tensors are not where the index says:{string.Concat(lost.Take(20))}");
    }

    private static Lazy<JsonElement> ReadFile(
        string file, List<ByteRegion> regions, OrderedDictionary<string, StoredTensor> tensors, Dictionary<string, string> metadata)
    {
        var region = ByteRegion.Map(file);
        regions.Add(region);
        return ReadRegion(file, region, regions, tensors, metadata);
    }

    private static Lazy<JsonElement> ReadRegion(
        string file, ByteRegion region, List<ByteRegion> regions, OrderedDictionary<string, StoredTensor> tensors, Dictionary<string, string> metadata)
    {
        if (TorchFile.Looks(region))
        {
            var root = new TorchFile(file, region).Read();
            new TorchTensors(file, region, regions).Collect(root, tensors);
            return new(() => TorchTensors.Extra(file, root));
        }

        CheckKind(file, region);
        Safetensors.Read(file, region, tensors, metadata);
        return NoExtra();
    }

    // Says what a file is that people often have in place of the real one.
    private static void CheckKind(string file, ByteRegion region)
    {
        var start = region.Span(0, (int)Math.Min(region.Length, 32));
        if (start.StartsWith("version https://git-lfs"u8))
        {
            throw new InvalidDataException($"{file}: a Git LFS pointer in place of the weights; run `git lfs pull` in the folder");
        }

        if (start.StartsWith("GGUF"u8))
        {
            throw new InvalidDataException($"{file}: a GGUF file, which Parley does not read; use the safetensors version of the model");
        }

        if (start.Length > 2 && start[0] == 0x80 && start[1] is >= 2 and <= 5 && !Safetensors.Looks(region))
        {
            throw new InvalidDataException($"{file}: a plain Python pickle; only what torch.save writes is read");
        }
    }

    private static Lazy<JsonElement> NoExtra() => new(() =>
    {
        using var empty = JsonDocument.Parse("{}");
        return empty.RootElement.Clone();
    });
}
