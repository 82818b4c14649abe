namespace Parley.Models;

/// <summary>What a stream says.</summary>
public enum StreamingEventKind
{
    /// <summary>The words so far.</summary>
    Partial,

    /// <summary>The utterance has ended; its final text follows if there are words.</summary>
    Endpoint,

    /// <summary>The words of an utterance, which change no more.</summary>
    Final,
}
