using Parley.Decoding;
using Parley.Text;

namespace Parley.Models;

/// <summary>Puts the symbols of successive pieces together into words and segments, and gives a segment out when no later symbol can change it.</summary>
/// <param name="split">Cuts symbols into words.</param>
/// <param name="spell">The text of symbols.</param>
/// <param name="options">Pauses and lengths.</param>
/// <param name="secondsPerFrame">From one frame to the next.</param>
internal sealed class CtcSegments(Func<IReadOnlyList<CtcToken>, IReadOnlyList<CtcWord>> split, Func<IEnumerable<int>, string> spell, CtcOptions options, double secondsPerFrame)
{
    /// <summary>The same for the characters of a vocabulary.</summary>
    public CtcSegments(CtcVocabulary vocabulary, CtcOptions options, double secondsPerFrame)
        : this(tokens => CtcWord.Split(tokens, vocabulary.IsDelimiter), vocabulary.Spell, options, secondsPerFrame)
    {
    }

    private readonly TimeSpan _maxPause = options.MaxPause ?? TimeSpan.FromSeconds(0.8);
    private readonly TimeSpan _maxSegment = options.MaxSegment ?? TimeSpan.FromSeconds(15);
    private readonly List<CtcToken> _tokens = [];
    private int _count;

    /// <summary>Adds symbols whose frames count from <paramref name="offset"/>; a run that was cut in two is joined again, where symbols have runs.</summary>
    public void Append(IReadOnlyList<CtcToken> tokens, int offset, bool joinsRuns = true)
    {
        foreach (var token in tokens)
        {
            var moved = token with { StartFrame = token.StartFrame + offset, EndFrame = token.EndFrame + offset };
            if (joinsRuns && _tokens.Count > 0 && _tokens[^1] is var last && last.Id == moved.Id && last.EndFrame == moved.StartFrame)
            {
                var (a, b) = (last.EndFrame - last.StartFrame, moved.EndFrame - moved.StartFrame);
                _tokens[^1] = last with { EndFrame = moved.EndFrame, LogProb = ((a * last.LogProb) + (b * moved.LogProb)) / (a + b) };
            }
            else
            {
                _tokens.Add(moved);
            }
        }
    }

    /// <summary>Segments that are final; with <paramref name="last"/>, all that is left.</summary>
    public IEnumerable<TranscriptSegment> Take(bool last)
    {
        var groups = Group(split(_tokens));
        var final = last ? groups : groups.Take(groups.Count - 1);
        foreach (var words in final)
        {
            if (Make(words) is { } segment)
            {
                yield return segment;
            }
        }

        // The words of the open segment stay; so does what follows them.
        var keepFrom = last || groups.Count == 0 ? int.MaxValue : groups[^1][0].StartFrame;
        _tokens.RemoveAll(t => t.StartFrame < keepFrom && (last || groups.Count > 0));
    }

    private List<List<CtcWord>> Group(IReadOnlyList<CtcWord> words)
    {
        var groups = new List<List<CtcWord>>();
        foreach (var word in words)
        {
            if (groups.Count == 0 || Time(word.StartFrame - groups[^1][^1].EndFrame) > _maxPause || Time(word.EndFrame - groups[^1][0].StartFrame) > _maxSegment)
            {
                groups.Add([]);
            }

            groups[^1].Add(word);
        }

        return groups;
    }

    private TranscriptSegment? Make(List<CtcWord> group)
    {
        var words = group
            .Select(w => new TranscriptWord(" " + spell(w.Tokens.Select(t => t.Id)), Time(w.StartFrame), Time(w.EndFrame), w.Probability))
            .Where(w => w.Text.Length > 1)
            .ToArray();
        if (words.Length == 0)
        {
            return null;
        }

        var text = string.Concat(words.Select(w => w.Text));
        CtcToken[] tokens = [.. group.SelectMany(w => w.Tokens)];
        return new TranscriptSegment(
            _count++, words[0].Start, words[^1].End, text, [.. tokens.Select(t => t.Id)], tokens.Average(t => t.LogProb), WhisperWindowDecoder.CompressionRatio(text), NoSpeechProb: 0, Temperature: 0,
            options.Words ? words : null, (int)(words[0].Start.TotalSeconds * 100));
    }

    private TimeSpan Time(int frames) => TimeSpan.FromSeconds(frames * secondsPerFrame);
}
