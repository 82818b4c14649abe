using Parley.Text;

namespace Parley.Models;

/// <summary>Something that a stream has to say.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Where the utterance begins in the stream, its pre-roll counted.</param>
/// <param name="End">How far the stream has been heard.</param>
/// <param name="Text">The words of the utterance.</param>
/// <param name="Confirmed">Characters of the text that no later event of the utterance takes back.</param>
/// <param name="Rule">Endpoint: why.</param>
/// <param name="Segment">Final: the words with their times.</param>
public sealed record StreamingEvent(
    StreamingEventKind Kind, TimeSpan Start, TimeSpan End, string Text, int Confirmed, EndpointRule? Rule = null, TranscriptSegment? Segment = null);
