using System.Globalization;
using System.Text;

namespace Parley.Nn;

/// <summary>Where the files of a tar archive lie, so that they can be used in place; nothing is ever written to disk under a name from the archive.</summary>
/// <remarks>Format: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Header Block"; long names of GNU tar.</remarks>
internal sealed class TarArchive
{
    private const int Block = 512;
    private const int MaxEntries = 4096;
    private const int MaxHeader = 64 << 10;

    private readonly Dictionary<string, (long Offset, long Size)> _files = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly ByteRegion _file;

    public TarArchive(string path, ByteRegion file)
    {
        (_path, _file) = (path, file);
        ReadHeaders();
    }

    /// <summary>The archive.</summary>
    public ByteRegion Region => _file;

    /// <summary>Names without a leading <c>./</c>.</summary>
    public IReadOnlyCollection<string> Names => _files.Keys;

    public static bool Looks(ByteRegion file) => file.Length >= Block && Looks(file.Span(0, Block));

    /// <summary>Whether the first block of a file is a tar header.</summary>
    public static bool Looks(ReadOnlySpan<byte> start) => start.Length >= Block && start.Slice(257, 5).SequenceEqual("ustar"u8);

    /// <summary>Offset and size of a file, or null when the archive has none of this name.</summary>
    public (long Offset, long Size)? Find(string name) => _files.TryGetValue(name, out var file) ? file : null;

    private void ReadHeaders()
    {
        string? longName = null;
        for (var (at, entries) = (0L, 0); at <= _file.Length - Block; entries++)
        {
            var header = _file.Span(at, Block);
            if (header.IndexOfAnyExcept((byte)0) < 0)
            {
                return;
            }

            if (entries == MaxEntries)
            {
                throw Bad($"more than {MaxEntries} entries");
            }

            CheckSum(header);
            var (size, start, kind) = (Number(header.Slice(124, 12)), at + Block, (char)header[156]);
            if (size < 0 || size > _file.Length - start)
            {
                throw Bad("an entry ends outside the file; download or copy it again");
            }

            if (kind is 'x' or 'L')
            {
                var text = size <= MaxHeader ? _file.Span(start, (int)size) : throw Bad($"a header of {size} bytes");
                longName = kind == 'L' ? Text(text) : PaxName(text) ?? longName;
            }
            else
            {
                if (kind is '0' or '\0' or '7')
                {
                    Add(longName ?? Name(header), start, size);
                }

                longName = null;
            }

            at = start + ((size + Block - 1) / Block * Block);
        }
    }

    private void Add(string name, long start, long size)
    {
        name = name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;
        if (!_files.TryAdd(name, (start, size)))
        {
            throw Bad($"entry {name} appears twice");
        }
    }

    // The sum of the header's bytes, its own field taken as spaces.
    private void CheckSum(ReadOnlySpan<byte> header)
    {
        var sum = 8L * ' ';
        for (var i = 0; i < Block; i++)
        {
            sum += i is >= 148 and < 156 ? 0 : header[i];
        }

        if (sum != Number(header.Slice(148, 8)))
        {
            throw Bad("an entry's header is damaged; download or copy it again");
        }
    }

    private static string Name(ReadOnlySpan<byte> header)
    {
        var prefix = Text(header.Slice(345, 155));
        var isPosix = header[262] == 0;
        return isPosix && prefix.Length > 0 ? $"{prefix}/{Text(header[..100])}" : Text(header[..100]);
    }

    // Octal digits between spaces and zeros, or, with the first bit set, a big-endian number.
    private long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            var wide = 0L;
            foreach (var b in field[1..])
            {
                wide = wide <= long.MaxValue >> 8 ? (wide << 8) | b : throw Bad("a number out of range");
            }

            return wide;
        }

        var value = 0L;
        foreach (var b in field.Trim((byte)' ').Trim((byte)0).Trim((byte)' '))
        {
            value = b is >= (byte)'0' and <= (byte)'7' ? (value * 8) + (b - '0') : throw Bad("an entry's header is damaged; download or copy it again");
        }

        return value;
    }

    // Records "LENGTH KEY=VALUE\n"; only a name matters here.
    private string? PaxName(ReadOnlySpan<byte> text)
    {
        string? name = null;
        while (text.Length > 0)
        {
            var space = text.IndexOf((byte)' ');
            if (space < 1 || !int.TryParse(text[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length <= space + 1 || length > text.Length)
            {
                throw Bad("a pax header is damaged; download or copy it again");
            }

            var record = text[(space + 1)..length];
            name = record.StartsWith("path="u8) ? Text(record["path=".Length..]).TrimEnd('\n') : name;
            if (record.StartsWith("size="u8))
            {
                throw Bad("an entry of more than 8 GiB, which is not supported");
            }

            text = text[length..];
        }

        return name;
    }

    private static string Text(ReadOnlySpan<byte> field) => Encoding.UTF8.GetString(field.IndexOf((byte)0) is var end and >= 0 ? field[..end] : field);

    private InvalidDataException Bad(string what) => new($"{_path}: {what}");
}
