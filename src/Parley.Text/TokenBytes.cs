using System.Numerics;

namespace Parley.Text;

/// <summary>The bytes of every token in one flat array, with a hash table that is built on the first look-up by content.</summary>
internal sealed class TokenBytes
{
    /// <summary>Longest token taken from a file; published ones stay below 1,000 bytes.</summary>
    internal const int LongestToken = 1 << 16;

    private readonly byte[] _bytes;
    private readonly int[] _offsets;
    private readonly int _count;
    private readonly Lazy<int[]> _slots;

    /// <summary>Takes flat bytes and offsets [count + 1]; a token of no bytes is a hole in the numbering.</summary>
    public TokenBytes(byte[] bytes, int[] offsets)
    {
        (_bytes, _offsets, _count) = (bytes, offsets, offsets.Length - 1);
        _slots = new Lazy<int[]>(BuildSlots);
    }

    /// <summary>One more than the highest id.</summary>
    public int Count => _count;

    /// <summary>Bytes of one token; empty for a hole.</summary>
    public ReadOnlySpan<byte> this[int id] => _bytes.AsSpan(_offsets[id], _offsets[id + 1] - _offsets[id]);

    /// <summary>Lays out tokens given in any order of ids; ids may have few holes but no repeats.</summary>
    public static TokenBytes FromUnordered(string where, List<(int Id, int Start, int Length)> tokens, ReadOnlySpan<byte> text, int holes = 65536)
    {
        var highest = -1;
        foreach (var (id, _, length) in tokens)
        {
            if (id < 0 || id >= (4L * tokens.Count) + holes)
            {
                throw new InvalidDataException($"{where}: token id {id} is out of range for a vocabulary of {tokens.Count} tokens");
            }

            if (length > LongestToken)
            {
                throw new InvalidDataException($"{where}: token {id} has {length} bytes; the most that is read is {LongestToken}");
            }

            highest = Math.Max(highest, id);
        }

        var offsets = new int[highest + 2];
        var seen = new bool[highest + 1];
        foreach (var (id, _, length) in tokens)
        {
            if (seen[id])
            {
                throw new InvalidDataException($"{where}: two tokens have the id {id}");
            }

            seen[id] = true;
            offsets[id + 1] = length;
        }

        for (var i = 0; i <= highest; i++)
        {
            offsets[i + 1] += offsets[i];
        }

        var bytes = new byte[offsets[^1]];
        foreach (var (id, start, length) in tokens)
        {
            text.Slice(start, length).CopyTo(bytes.AsSpan(offsets[id]));
        }

        return new TokenBytes(bytes, offsets);
    }

    /// <summary>The id of a token with exactly these bytes, or -1; the lowest if several have them.</summary>
    public int Find(ReadOnlySpan<byte> token)
    {
        if (token.IsEmpty)
        {
            return -1;
        }

        var slots = _slots.Value;
        for (var at = Hash(token) & (slots.Length - 1); ; at = (at + 1) & (slots.Length - 1))
        {
            var id = slots[at] - 1;
            if (id < 0 || this[id].SequenceEqual(token))
            {
                return id;
            }
        }
    }

    private int[] BuildSlots()
    {
        var slots = new int[BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, _count * 2))];
        for (var id = 0; id < _count; id++)
        {
            var token = this[id];
            if (token.IsEmpty)
            {
                continue;
            }

            var at = Hash(token) & (slots.Length - 1);
            while (slots[at] != 0 && !this[slots[at] - 1].SequenceEqual(token))
            {
                at = (at + 1) & (slots.Length - 1);
            }

            if (slots[at] == 0)
            {
                slots[at] = id + 1;
            }
        }

        return slots;
    }

    private static int Hash(ReadOnlySpan<byte> token)
    {
        // HashCode is seeded per process, so that a vocabulary cannot be made to collide on purpose.
        var hash = default(HashCode);
        hash.AddBytes(token);
        return hash.ToHashCode();
    }
}
