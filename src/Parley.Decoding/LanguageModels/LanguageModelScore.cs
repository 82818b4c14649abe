namespace Parley.Decoding;

/// <summary>How well a language model expects a text.</summary>
/// <param name="Sentences">Lines with words.</param>
/// <param name="Words">Words, ends of sentences not counted.</param>
/// <param name="Unknown">Words that the model does not list.</param>
/// <param name="LogProb">log10 of the probability of everything, ends of sentences included.</param>
/// <param name="KnownLogProb">The part of it without unknown words.</param>
public sealed record LanguageModelScore(long Sentences, long Words, long Unknown, double LogProb, double KnownLogProb)
{
    /// <summary>Perplexity of words and ends of sentences.</summary>
    public double Perplexity => Math.Pow(10, -LogProb / Math.Max(1, Words + Sentences));

    /// <summary>The same without unknown words.</summary>
    public double KnownPerplexity => Math.Pow(10, -KnownLogProb / Math.Max(1, Words + Sentences - Unknown));

    /// <summary>Scores every line of a text as a sentence; lines without words count nothing.</summary>
    /// <param name="model">The model.</param>
    /// <param name="stream">UTF-8 text, gzip if it can seek; closed at the end.</param>
    /// <param name="where">Name for errors.</param>
    /// <param name="cancel">Stops between lines.</param>
    public static LanguageModelScore Of(NGramModel model, Stream stream, string where, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var (sentences, words, unknown, sum, known) = (0L, 0L, 0L, 0.0, 0.0);
        using var lines = TextLines.Open(stream, where);
        while (lines.TryRead(out var line))
        {
            cancel.ThrowIfCancellationRequested();
            var (state, before) = (model.BeginState, words);
            while (TextLines.NextWord(ref line) is { IsEmpty: false } word)
            {
                var id = model.Id(word);
                var score = model.Score(state, id, out state);
                (words, sum) = (words + 1, sum + score);
                (unknown, known) = id == model.Unknown ? (unknown + 1, known) : (unknown, known + score);
            }

            if (words > before)
            {
                var score = model.Score(state, model.End, out _);
                (sentences, sum, known) = (sentences + 1, sum + score, known + score);
            }
        }

        return new LanguageModelScore(sentences, words, unknown, sum, known);
    }
}
