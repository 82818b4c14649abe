using System.Buffers.Binary;
using System.Text;

namespace Parley.Nn;

/// <summary>Where the entries of an uncompressed zip archive lie, so that they can be used in place.</summary>
/// <remarks>Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3.</remarks>
internal sealed class TorchZip
{
    private const int MaxEntries = 1_000_000;

    private readonly Dictionary<string, (long Offset, long Size)> _entries = [];
    private readonly string _path;
    private readonly ByteRegion _file;

    public TorchZip(string path, ByteRegion file)
    {
        (_path, _file) = (path, file);
        ReadDirectory();
    }

    public IEnumerable<string> Names => _entries.Keys;

    public static bool Looks(ByteRegion file) => file.Length >= 22 && file.Span(0, 4).SequenceEqual("PK\x03\x04"u8);

    /// <summary>Offset and size in bytes of an entry's data inside the file, or null when there is no such entry.</summary>
    public (long Offset, long Size)? Find(string name) => _entries.TryGetValue(name, out var entry) ? entry : null;

    private void ReadDirectory()
    {
        var (count, size, start) = FindDirectory();
        if (start < 0 || size < 0 || start > _file.Length || size > _file.Length - start || count > MaxEntries)
        {
            throw Bad("its list of contents lies outside the file");
        }

        var at = start;
        for (var i = 0L; i < count; i++)
        {
            var entry = Bytes(at, 46);
            if (U32(entry, 0) != 0x02014b50)
            {
                throw Bad("its list of contents is damaged");
            }

            var (flags, method) = (U16(entry, 8), U16(entry, 10));
            var (nameLength, extraLength, commentLength) = (U16(entry, 28), U16(entry, 30), U16(entry, 32));
            var name = Encoding.UTF8.GetString(Bytes(at + 46, nameLength));
            var (packed, full, local) = Sizes(entry, Bytes(at + 46 + nameLength, extraLength));
            at += 46 + nameLength + extraLength + commentLength;
            if ((flags & 1) != 0 || method != 0 || packed != full)
            {
                throw Bad($"entry {name} is compressed or encrypted, which PyTorch does not do; save the checkpoint again with torch.save");
            }

            if (!_entries.TryAdd(name, (DataOffset(name, local, full), full)))
            {
                throw Bad($"entry {name} appears twice");
            }
        }
    }

    // The end record is the last thing in the file but for a comment of up to 65535 bytes.
    private (long Count, long Size, long Start) FindDirectory()
    {
        var tailLength = (int)Math.Min(_file.Length, 22 + 65535);
        var tailStart = _file.Length - tailLength;
        var found = Bytes(tailStart, tailLength).LastIndexOf("PK\x05\x06"u8);
        if (found < 0 || tailLength - found < 22)
        {
            throw Bad("the end of the archive is missing; download or copy it again");
        }

        var end = Bytes(tailStart + found, 22);
        var (count, size, start) = ((long)U16(end, 10), (long)U32(end, 12), (long)U32(end, 16));
        if (count != 0xffff && size != 0xffffffff && start != 0xffffffff)
        {
            return (count, size, start);
        }

        var locator = Bytes(tailStart + found - 20, 20);
        if (U32(locator, 0) != 0x07064b50)
        {
            return (count, size, start);
        }

        var wide = Bytes(I64(locator, 8), 56);
        return U32(wide, 0) == 0x06064b50 ? (I64(wide, 32), I64(wide, 40), I64(wide, 48)) : throw Bad("its 64-bit end record is damaged");
    }

    // Sizes of 2^32-1 stand for 64-bit ones in the extra field 1, in the order full, packed, offset.
    private static (long Packed, long Full, long Local) Sizes(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra)
    {
        var (packed, full, local) = ((long)U32(entry, 20), (long)U32(entry, 24), (long)U32(entry, 42));
        while (extra.Length >= 4)
        {
            var length = Math.Min(U16(extra, 2), extra.Length - 4);
            if (U16(extra, 0) == 1)
            {
                var wide = extra.Slice(4, length);
                full = Widen(full, ref wide);
                packed = Widen(packed, ref wide);
                local = Widen(local, ref wide);
            }

            extra = extra[(4 + length)..];
        }

        return (packed, full, local);
    }

    private static long Widen(long value, ref ReadOnlySpan<byte> wide)
    {
        if (value != 0xffffffff || wide.Length < 8)
        {
            return value;
        }

        value = I64(wide, 0);
        wide = wide[8..];
        return value;
    }

    private long DataOffset(string name, long local, long size)
    {
        var header = Bytes(local, 30);
        if (U32(header, 0) != 0x04034b50)
        {
            throw Bad($"entry {name} is not where the list of contents says");
        }

        var offset = local + 30 + U16(header, 26) + U16(header, 28);
        return size >= 0 && offset <= _file.Length && size <= _file.Length - offset
            ? offset
            : throw Bad($"entry {name} ends outside the file; download or copy it again");
    }

    private ReadOnlySpan<byte> Bytes(long offset, int length) =>
        offset >= 0 && offset <= _file.Length - length ? _file.Span(offset, length) : throw Bad("its list of contents points outside the file");

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    private InvalidDataException Bad(string what) => new($"{_path}: {what}");
}
