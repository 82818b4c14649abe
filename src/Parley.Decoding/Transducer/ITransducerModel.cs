namespace Parley.Decoding;

/// <summary>What a search sees of a transducer that has heard an utterance: encoder frames, states of the prediction network, and the joint network.</summary>
/// <remarks>Graves 2012, "Sequence transduction with recurrent neural networks". One object is one utterance.</remarks>
public interface ITransducerModel
{
    /// <summary>Encoder frames.</summary>
    int Frames { get; }

    /// <summary>Symbols with the blank.</summary>
    int SymbolCount { get; }

    /// <summary>Id of the blank.</summary>
    int Blank { get; }

    /// <summary>Frames that a symbol or a blank may last, as a token-and-duration transducer predicts them (Xu et al. 2023); empty: a blank lasts one, a symbol none.</summary>
    IReadOnlyList<int> Durations { get; }

    /// <summary>Makes the state before the first symbol.</summary>
    /// <returns>Its handle, at least 0.</returns>
    int Start();

    /// <summary>Makes the states that follow when the prediction network is shown a symbol each.</summary>
    /// <param name="states">Handles, which stay valid.</param>
    /// <param name="symbols">A symbol for each, never the blank.</param>
    /// <param name="next">Receives the new handles.</param>
    void Predict(ReadOnlySpan<int> states, ReadOnlySpan<int> symbols, Span<int> next);

    /// <summary>Scores what may come in a frame after a state.</summary>
    /// <param name="frames">A frame for each state.</param>
    /// <param name="states">Handles.</param>
    /// <param name="logits">Receives unnormalised scores [states, symbols + durations].</param>
    void Joint(ReadOnlySpan<int> frames, ReadOnlySpan<int> states, Span<float> logits);

    /// <summary>Gives a state back; its handle may be used anew.</summary>
    void Release(int state);
}
