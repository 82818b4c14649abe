namespace Parley.Text;

/// <summary>Which two tokens may be joined, how early, and into what.</summary>
internal abstract class BpeMerges
{
    /// <summary>Rank (lower joins earlier) and id of the token that two neighbours make, if they make one.</summary>
    public abstract bool TryMerge(int left, int right, out int rank, out int merged);

    /// <summary>Merges of a rank file: any two neighbours whose bytes together are a token, in order of its rank.</summary>
    /// <remarks>openai/tiktoken src/lib.rs, _byte_pair_merge.</remarks>
    internal sealed class Ranked(TokenBytes tokens) : BpeMerges
    {
        /// <inheritdoc/>
        public override bool TryMerge(int left, int right, out int rank, out int merged)
        {
            var a = tokens[left];
            var b = tokens[right];
            Span<byte> joined = a.Length + b.Length <= 256 ? stackalloc byte[256] : new byte[a.Length + b.Length];
            a.CopyTo(joined);
            b.CopyTo(joined[a.Length..]);
            merged = rank = tokens.Find(joined[..(a.Length + b.Length)]);
            return merged >= 0;
        }
    }

    /// <summary>Merges of a list: only the pairs in it, earlier lines first.</summary>
    internal sealed class Listed(Dictionary<(int Left, int Right), (int Rank, int Merged)> pairs) : BpeMerges
    {
        /// <inheritdoc/>
        public override bool TryMerge(int left, int right, out int rank, out int merged)
        {
            var found = pairs.TryGetValue((left, right), out var pair);
            (rank, merged) = pair;
            return found;
        }
    }
}
