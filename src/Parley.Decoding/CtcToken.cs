namespace Parley.Decoding;

/// <summary>One symbol of what a CTC model or a transducer said.</summary>
/// <param name="Id">Symbol id.</param>
/// <param name="StartFrame">First frame of its run; the frame in which a transducer said it.</param>
/// <param name="EndFrame">Frame after the last of its run; a transducer without durations says a symbol in one frame.</param>
/// <param name="LogProb">Mean log posterior (natural logarithm) over the run.</param>
/// <param name="WordPosterior">Probability of the word it belongs to among all readings of a beam search; null: between words, or greedy decoding.</param>
public sealed record CtcToken(int Id, int StartFrame, int EndFrame, double LogProb, double? WordPosterior = null);
