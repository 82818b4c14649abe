namespace Parley.Models;

/// <summary>Why an utterance ended.</summary>
public enum EndpointRule
{
    /// <summary>The speech detector heard nobody for long enough.</summary>
    Pause,

    /// <summary>The model heard words and then none for long enough.</summary>
    NoMoreWords,

    /// <summary>It became too long.</summary>
    Length,

    /// <summary>The stream ended.</summary>
    EndOfStream,
}
