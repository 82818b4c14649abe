namespace Parley.Decoding;

/// <summary>An n-gram is listed twice.</summary>
/// <param name="index">Which of its order, in the order given.</param>
internal sealed class RepeatedNGramException(int index) : Exception("an n-gram is listed twice")
{
    /// <summary>Which n-gram of its order, in the order given.</summary>
    public int Index => index;
}
