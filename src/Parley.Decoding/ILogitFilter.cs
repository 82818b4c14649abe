namespace Parley.Decoding;

/// <summary>Forbids tokens before one is chosen, by setting their scores to −∞.</summary>
public interface ILogitFilter
{
    /// <summary>Changes the scores of one row.</summary>
    /// <param name="logits">[vocabulary].</param>
    /// <param name="tokens">What this row has chosen so far, without its prompt.</param>
    void Apply(Span<float> logits, ReadOnlySpan<int> tokens);
}
