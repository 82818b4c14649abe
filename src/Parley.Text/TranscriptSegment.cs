namespace Parley.Text;

/// <summary>One stretch of a transcript: usually a phrase or a sentence.</summary>
/// <param name="Id">Position in the transcript, from 0.</param>
/// <param name="Start">Where the segment begins in the recording.</param>
/// <param name="End">Where the segment ends in the recording.</param>
/// <param name="Text">The text as decoded, with its leading space.</param>
/// <param name="Tokens">The token ids behind the text, timestamps included; empty for models without tokens.</param>
/// <param name="AverageLogProb">Mean log probability (natural logarithm) of the tokens.</param>
/// <param name="CompressionRatio">UTF-8 bytes of the text over its deflated bytes; high means repetition.</param>
/// <param name="NoSpeechProb">Probability, 0 to 1, that the window held no speech.</param>
/// <param name="Temperature">Sampling temperature that gave this segment; 0 is greedy or beam search.</param>
/// <param name="Words">Words with times, or null if they were not asked for.</param>
/// <param name="Seek">First frame (10 ms each) of the window this segment was decoded in.</param>
public sealed record TranscriptSegment(
    int Id,
    TimeSpan Start,
    TimeSpan End,
    string Text,
    IReadOnlyList<int> Tokens,
    double AverageLogProb,
    double CompressionRatio,
    double NoSpeechProb,
    double Temperature,
    IReadOnlyList<TranscriptWord>? Words,
    int Seek);
