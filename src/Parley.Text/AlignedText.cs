namespace Parley.Text;

/// <summary>Where in a recording the words of a known text are.</summary>
/// <param name="Duration">Length of the recording.</param>
/// <param name="UnitName">What words are made of: "phones" or "symbols".</param>
/// <param name="LogProb">Natural logarithm of the probability of the alignment, as the model defines it.</param>
/// <param name="Words">In order.</param>
public sealed record AlignedText(TimeSpan Duration, string UnitName, double LogProb, IReadOnlyList<AlignedWord> Words);
