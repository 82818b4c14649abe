namespace Parley.Text;

/// <summary>Turns ids into text as they come, holding back bytes until their character is complete.</summary>
/// <remarks>All pieces in order, and <see cref="Flush"/> at the end, are the text that decoding all ids at once gives.</remarks>
public abstract class StreamingDecoder
{
    /// <summary>Text that became certain with this id; may be empty.</summary>
    public abstract string Append(int id);

    /// <summary>What was held back, broken characters as U+FFFD; the decoder is then ready for a new text.</summary>
    public abstract string Flush();
}
