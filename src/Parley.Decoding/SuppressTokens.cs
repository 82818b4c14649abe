namespace Parley.Decoding;

/// <summary>Forbids certain tokens: always, or as the first one only.</summary>
/// <param name="tokens">Ids.</param>
/// <param name="firstOnly">Only where nothing has been chosen yet.</param>
public sealed class SuppressTokens(IEnumerable<int> tokens, bool firstOnly = false) : ILogitFilter
{
    private readonly int[] _tokens = [.. tokens.Distinct().Order()];

    /// <inheritdoc/>
    public void Apply(Span<float> logits, ReadOnlySpan<int> tokens)
    {
        if (firstOnly && tokens.Length > 0)
        {
            return;
        }

        foreach (var token in _tokens)
        {
            if ((uint)token < (uint)logits.Length)
            {
                logits[token] = float.NegativeInfinity;
            }
        }
    }
}
