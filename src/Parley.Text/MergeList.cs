using System.Text;

namespace Parley.Text;

/// <summary>Builds the merge table from pairs of written tokens.</summary>
internal sealed class MergeList(string where, TokenBytes written)
{
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> _pairs = new(1 << 16);
    private byte[] _joined = new byte[256];
    private int _rank;

    /// <summary>The table of all pairs added.</summary>
    public BpeMerges Build() => new BpeMerges.Listed(_pairs);

    /// <summary>Adds the next pair, as a line "left right".</summary>
    public void AddLine(ReadOnlySpan<byte> line)
    {
        var space = line.IndexOf((byte)' ');
        if (space <= 0 || space == line.Length - 1 || line[(space + 1)..].Contains((byte)' '))
        {
            throw new InvalidDataException($"{where}: merge {_rank} is '{Show(line)}'; a merge is two tokens and a space between them");
        }

        Add(line[..space], line[(space + 1)..]);
    }

    /// <summary>Adds the next pair.</summary>
    public void Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (_joined.Length < left.Length + right.Length)
        {
            _joined = new byte[left.Length + right.Length];
        }

        left.CopyTo(_joined);
        right.CopyTo(_joined.AsSpan(left.Length));
        var (a, b, merged) = (written.Find(left), written.Find(right), written.Find(_joined.AsSpan(0, left.Length + right.Length)));
        if (a < 0 || b < 0 || merged < 0)
        {
            throw new InvalidDataException($"{where}: merge {_rank}, '{Show(left)} {Show(right)}', uses or makes a token that the vocabulary has not");
        }

        _pairs.TryAdd((a, b), (_rank++, merged));
    }

    private static string Show(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[..Math.Min(text.Length, 40)]);
}
