namespace Parley.Decoding;

/// <summary>What a search sees of a model: rows of tokens, <see cref="Beams"/> for each group, that grow by one token a step.</summary>
/// <remarks>A group is one input: an audio window, a prompt. The rows of a group lie side by side.</remarks>
public interface IStepModel
{
    /// <summary>Rows of each group.</summary>
    int Beams { get; }

    /// <summary>Groups still decoded.</summary>
    int Groups { get; }

    /// <summary>Tokens in the vocabulary.</summary>
    int VocabSize { get; }

    /// <summary>Tokens that fit after those taken so far.</summary>
    int Room { get; }

    /// <summary>Appends one token to every row and gives the scores of the next.</summary>
    /// <param name="tokens">One id per row.</param>
    /// <param name="logits">Receives [rows, vocabulary].</param>
    void Step(ReadOnlySpan<int> tokens, Span<float> logits);

    /// <summary>Makes row i continue row <c>sources[i]</c> of the same group.</summary>
    void Reorder(ReadOnlySpan<int> sources);

    /// <summary>Goes on with these groups only.</summary>
    void KeepGroups(ReadOnlySpan<int> groups);
}
