using Parley.Decoding;

namespace Parley.Models;

/// <summary>How a recording is cut for a CTC model and how its words are put together.</summary>
/// <param name="ChunkSeconds">Longest piece the model hears at once; shorter recordings are heard whole.</param>
/// <param name="StrideSeconds">Part of each piece, on either side, that is heard for context only; null: a sixth of the piece.</param>
/// <param name="BatchSize">Pieces that go through the model together; never changes the text.</param>
/// <param name="MaxPause">Longest pause between two words of one segment.</param>
/// <param name="MaxSegment">A segment that lasts longer ends before the next word.</param>
/// <param name="Words">Whether segments carry their words with times and confidences.</param>
/// <param name="Decode">Beam search with a language model or hotwords, over utterances between pauses; null: greedy.</param>
public sealed record CtcOptions(
    double ChunkSeconds = 20, double? StrideSeconds = null, int BatchSize = 1, TimeSpan? MaxPause = null, TimeSpan? MaxSegment = null, bool Words = true,
    CtcDecodeOptions? Decode = null)
{
    /// <summary>Throws, naming the setting, when settings do not fit each other.</summary>
    public void Validate()
    {
        if (!(ChunkSeconds >= 1 && ChunkSeconds <= 600))
        {
            throw new ArgumentException($"ctc: pieces of {ChunkSeconds} s; 1 to 600 are possible");
        }

        if (StrideSeconds is { } stride && !(stride >= 0 && stride <= 0.45 * ChunkSeconds))
        {
            throw new ArgumentException($"ctc: a context of {stride} s on both sides does not fit pieces of {ChunkSeconds} s; at most 45 % are possible");
        }

        if (BatchSize is < 1 or > 1024)
        {
            throw new ArgumentException($"ctc: a batch of {BatchSize} pieces; 1 to 1024 are possible");
        }

        if (MaxPause < TimeSpan.Zero || MaxSegment <= TimeSpan.Zero)
        {
            throw new ArgumentException("ctc: the longest pause must not be negative, and the longest segment not empty");
        }

        Decode?.Validate();
    }
}
