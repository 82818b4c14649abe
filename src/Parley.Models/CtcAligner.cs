using System.Numerics.Tensors;
using Parley.Decoding;
using Parley.Text;

namespace Parley.Models;

/// <summary>Alignment with any CTC model: from its scores of a whole recording to words and symbols with times.</summary>
/// <param name="texts">What symbols spell.</param>
/// <param name="blank">Id of the blank.</param>
/// <param name="secondsPerFrame">From one frame to the next.</param>
internal sealed class CtcAligner(SymbolTexts texts, int blank, double secondsPerFrame)
{
    private readonly CtcSpelling _spelling = new(texts, blank);

    /// <summary>Throws when no symbols spell a word.</summary>
    public void Check(string word)
    {
        if (_spelling.Fit(word) is null)
        {
            throw new InvalidDataException($"\"{word}\": the model has no symbol for \"{_spelling.Missing(word)}\"; write the text as the model would");
        }
    }

    /// <summary>Aligns words with the model's scores [frames, symbols], which become log posteriors in place.</summary>
    public AlignedText Align(float[] scores, TimeSpan duration, IReadOnlyList<(string Word, int Line)> words)
    {
        for (var start = 0; start < scores.Length; start += texts.Count)
        {
            var frame = scores.AsSpan(start, texts.Count);
            TensorPrimitives.Subtract(frame, LogMath.LogSumExp(frame), frame);
        }

        var (probability, found) = Find(scores, [.. words.Select(w => _spelling.Fit(w.Word)!)], duration);
        return new AlignedText(duration, "symbols", probability, [.. words.Zip(found, (w, tokens) => new AlignedWord(
            w.Word, w.Line, Time(tokens[0].StartFrame), Time(tokens[^1].EndFrame), [.. tokens.Select(Unit)], Math.Exp(tokens.Average(t => t.LogProb))))]);
    }

    private (double LogProb, IReadOnlyList<IReadOnlyList<CtcToken>> Words) Find(float[] logProbs, string[] words, TimeSpan duration)
    {
        try
        {
            return _spelling.Align(logProbs, words);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException(FormattableString.Invariant($"{words.Length} words cannot have been said in {duration.TotalSeconds:0.00} s: the text has more symbols than the model hears frames"), e);
        }
    }

    private AlignedUnit Unit(CtcToken token) => new(texts.Written(token.Id), Time(token.StartFrame), Time(token.EndFrame), Math.Exp(token.LogProb));

    private TimeSpan Time(int frames) => TimeSpan.FromSeconds(frames * secondsPerFrame);
}
