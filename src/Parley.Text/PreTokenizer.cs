namespace Parley.Text;

/// <summary>Cuts text into the pieces that merging never crosses.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Adds the pieces of one piece, in order; empty ones are left out.</summary>
    public abstract void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> pieces);

    /// <summary>Leaves the text whole.</summary>
    internal sealed class Whole : PreTokenizer
    {
        /// <inheritdoc/>
        public override void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> pieces)
        {
            if (!piece.IsEmpty)
            {
                pieces.Add(piece);
            }
        }
    }

    /// <summary>Several cuts, one after the other.</summary>
    internal sealed class Sequence(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
    {
        /// <inheritdoc/>
        public override void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> pieces)
        {
            List<ReadOnlyMemory<char>> from = [piece], to = [];
            foreach (var step in steps)
            {
                to.Clear();
                foreach (var part in from)
                {
                    step.Split(part, to);
                }

                (from, to) = (to, from);
            }

            pieces.AddRange(from);
        }
    }

    /// <summary>Puts a space in front of a text that has none; Python's GPT-2 tokenizer puts one there always.</summary>
    internal sealed class PrefixSpace(bool always) : PreTokenizer
    {
        /// <inheritdoc/>
        public override void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> pieces)
        {
            if (piece.IsEmpty)
            {
                return;
            }

            pieces.Add(always || piece.Span[0] != ' ' ? string.Concat(" ", piece.Span).AsMemory() : piece);
        }
    }

    /// <summary>Cuts by a scanner that says where the piece at the front ends.</summary>
    internal sealed class Scan(Func<ReadOnlySpan<char>, int> length) : PreTokenizer
    {
        /// <inheritdoc/>
        public override void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> pieces)
        {
            while (!piece.IsEmpty)
            {
                var end = length(piece.Span);
                pieces.Add(piece[..end]);
                piece = piece[end..];
            }
        }
    }
}
