namespace Parley.Text;

/// <summary>A rewriting of text before it is cut into words.</summary>
internal abstract class TextRewrite
{
    /// <summary>The rewritten text.</summary>
    public abstract string Apply(string text);

    /// <summary>Several rewritings, one after the other.</summary>
    internal sealed class Sequence(IReadOnlyList<TextRewrite> steps) : TextRewrite
    {
        /// <inheritdoc/>
        public override string Apply(string text)
        {
            foreach (var step in steps)
            {
                text = step.Apply(text);
            }

            return text;
        }
    }

    /// <summary>Any function of the text.</summary>
    internal sealed class Map(Func<string, string> rewrite) : TextRewrite
    {
        /// <inheritdoc/>
        public override string Apply(string text) => rewrite(text);
    }
}
