namespace Parley.Decoding;

/// <summary>Counts of all n-grams of one order: the n-gram is its history, which is an entry of the table of the order below, and a word.</summary>
/// <remarks>Entries are numbered as they come; an open hash table of their numbers finds them.</remarks>
internal sealed class NGramTable
{
    private int[] _slots = new int[1 << 10];

    /// <summary>N-grams so far.</summary>
    public int Count { get; private set; }

    /// <summary>Each one's history in the table of the order below.</summary>
    public int[] Parents { get; private set; } = new int[1 << 9];

    /// <summary>Each one's last word.</summary>
    public int[] Words { get; private set; } = new int[1 << 9];

    /// <summary>How often each one came.</summary>
    public int[] Counts { get; private set; } = new int[1 << 9];

    /// <summary>Counts an n-gram once.</summary>
    /// <returns>Its number.</returns>
    public int Add(int parent, int word)
    {
        var slot = Slot(parent, word);
        if (_slots[slot] == 0)
        {
            if (Count == Parents.Length)
            {
                slot = Grow(parent, word);
            }

            (Parents[Count], Words[Count], Counts[Count]) = (parent, word, 0);
            _slots[slot] = ++Count;
        }

        var entry = _slots[slot] - 1;
        Counts[entry] = checked(Counts[entry] + 1);
        return entry;
    }

    /// <summary>The number of an n-gram; -1 for one that never came.</summary>
    public int Find(int parent, int word) => _slots[Slot(parent, word)] - 1;

    private int Slot(int parent, int word)
    {
        var hash = (((ulong)(uint)parent << 32) | (uint)word) * 0x9E3779B97F4A7C15;
        hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93;
        var mask = _slots.Length - 1;
        for (var slot = (int)(hash >> 32) & mask; ; slot = (slot + 1) & mask)
        {
            var entry = _slots[slot] - 1;
            if (entry < 0 || (Parents[entry] == parent && Words[entry] == word))
            {
                return slot;
            }
        }
    }

    private int Grow(int parent, int word)
    {
        if (Count >= 1 << 29)
        {
            throw new InvalidDataException($"more than {Count} n-grams of one order; take a lower order or less text");
        }

        var room = 2 * Count;
        (Parents, Words, Counts) = (Longer(Parents, room), Longer(Words, room), Longer(Counts, room));
        _slots = new int[2 * room];
        for (var i = 0; i < Count; i++)
        {
            _slots[Slot(Parents[i], Words[i])] = i + 1;
        }

        return Slot(parent, word);
    }

    private static int[] Longer(int[] array, int length)
    {
        Array.Resize(ref array, length);
        return array;
    }
}
