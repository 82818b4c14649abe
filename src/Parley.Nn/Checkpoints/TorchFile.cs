using System.Buffers.Binary;

namespace Parley.Nn;

/// <summary>Reads what torch.save writes: the zip format, and the stream of versions before 1.6.</summary>
/// <remarks>Facts: pytorch/pytorch torch/serialization.py, _save, _legacy_save and their readers.</remarks>
internal sealed class TorchFile(string path, ByteRegion file)
{
    private const int MaxPickle = 16 << 20;

    private const int LegacyVersion = 1001;

    // The pickle of the format's magic number, protocol 2.
    private static ReadOnlySpan<byte> LegacyStart => [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    private readonly OrderedDictionary<string, TorchStorage> _storages = [];

    public static bool Looks(ByteRegion file) => TorchZip.Looks(file) || LooksLegacy(file);

    /// <summary>Reads the object that was saved; its storages know their place in the file afterwards.</summary>
    public object? Read() => TorchZip.Looks(file) ? ReadZip(new TorchZip(path, file)) : ReadLegacy();

    private static bool LooksLegacy(ByteRegion file) =>
        file.Length >= LegacyStart.Length && file.Span(0, LegacyStart.Length).SequenceEqual(LegacyStart);

    private object? ReadZip(TorchZip zip)
    {
        const string Pickle = "/data.pkl";
        var name = zip.Names.FirstOrDefault(n => n.EndsWith(Pickle, StringComparison.Ordinal) && n.IndexOf('/') == n.Length - Pickle.Length)
            ?? throw Bad("a zip archive without data.pkl; this is not a PyTorch checkpoint");
        var root = name[..^(Pickle.Length - 1)];
        if (zip.Find(root + "constants.pkl") is not null)
        {
            throw Bad("a TorchScript program; Parley does not run code from files. Use the plain state dictionary or a safetensors version");
        }

        if (zip.Find(root + "byteorder") is var (orderAt, orderSize) && !file.Span(orderAt, (int)Math.Min(orderSize, 16)).SequenceEqual("little"u8))
        {
            throw Bad("saved on a big-endian machine; save it again on a little-endian one");
        }

        var (start, size) = zip.Find(name)!.Value;
        if (size > MaxPickle)
        {
            throw Bad($"data.pkl has {size} bytes, more than the {MaxPickle} that are read");
        }

        var value = new Unpickler(file.Span(start, (int)size), path, Storage).Read();
        foreach (var storage in _storages.Values)
        {
            var data = zip.Find($"{root}data/{storage.Key}") ?? throw Bad($"storage {storage.Key} is missing from the archive");
            Place(storage, data.Offset, data.Size);
        }

        return value;
    }

    private object? ReadLegacy()
    {
        long at = LegacyStart.Length;
        if (Next(ref at) is not (long)LegacyVersion)
        {
            throw Bad("a PyTorch stream of an unknown version");
        }

        if (Next(ref at) is PickleDict system && system["little_endian"] is false)
        {
            throw Bad("saved on a big-endian machine; save it again on a little-endian one");
        }

        var value = Next(ref at);
        var keys = Next(ref at) as PickleList ?? throw Bad("no list of storages after the object");
        foreach (var key in keys.Items)
        {
            var storage = key is string name && _storages.TryGetValue(name, out var known) ? known : throw Bad("a storage that no tensor uses");
            if (at > file.Length - 8 || BinaryPrimitives.ReadInt64LittleEndian(file.Span(at, 8)) != storage.Count)
            {
                throw Bad($"storage {storage.Key} has another size than its tensors say; download or copy the file again");
            }

            Place(storage, at + 8, Math.Min(checked(storage.Count * storage.Type.Size()), file.Length - at - 8));
            at += 8 + storage.Count * storage.Type.Size();
        }

        return _storages.Values.FirstOrDefault(s => s.Region is null) is { } lost ? throw Bad($"storage {lost.Key} is missing") : value;
    }

    private object? Next(ref long at)
    {
        var reader = new Unpickler(file.Span(at, (int)Math.Min(file.Length - at, MaxPickle)), path, Storage);
        var value = reader.Read();
        at += reader.Length;
        return value;
    }

    // ('storage', class, key, device, count), and in the old format a sixth item when it is a view of another storage.
    private TorchStorage Storage(object? id)
    {
        if (id is not PickleTuple { Items: ["storage", var kind, string key, _, long count, ..] items } || PickleGlobals.StorageType(kind) is not { } type)
        {
            throw Bad("a reference to something that is no tensor storage");
        }

        if (items.Length > 5 && items[5] is not null)
        {
            throw Bad("storages that are views of others, as PyTorch wrote before 0.4; save the checkpoint again with a newer one");
        }

        if (count < 0 || count > file.Length / type.Size())
        {
            throw Bad($"a storage of {count} numbers in a file of {file.Length} bytes; download or copy the file again");
        }

        if (!_storages.TryGetValue(key, out var storage))
        {
            _storages[key] = storage = new TorchStorage(type, key, count);
        }

        return storage.Type == type && storage.Count == count ? storage : throw Bad("one storage with two types or sizes");
    }

    private void Place(TorchStorage storage, long offset, long size)
    {
        if (size != storage.Count * storage.Type.Size())
        {
            throw Bad($"storage {storage.Key} has {size} bytes where {storage.Count} numbers are needed; download or copy the file again");
        }

        (storage.Region, storage.Offset) = (file, offset);
    }

    private InvalidDataException Bad(string what) => new($"{path}: {what}");
}
