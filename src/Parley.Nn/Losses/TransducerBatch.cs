using Parley.Tensors;

namespace Parley.Nn;

/// <summary>What the logits [batch, frames, positions, symbols] of a transducer's joint network belong to.</summary>
/// <param name="Frames">Frames of each utterance in the logits, padding included.</param>
/// <param name="Positions">Positions between target symbols in the logits, padding included: one more than the longest target has symbols.</param>
/// <param name="Symbols">Scores at each position, all kinds together.</param>
/// <param name="FrameLengths">Valid frames of each utterance.</param>
/// <param name="Targets">Symbol ids of each utterance, without blanks.</param>
public sealed record TransducerBatch(int Frames, int Positions, int Symbols, IReadOnlyList<int> FrameLengths, IReadOnlyList<int[]> Targets)
{
    /// <summary>Number of logits.</summary>
    public long Count => (long)Targets.Count * Frames * Positions * Symbols;

    /// <summary>Refuses lengths, targets and blanks that do not fit together.</summary>
    /// <param name="loss">Name, for errors.</param>
    /// <param name="labels">Ids below this are symbols that a target may have.</param>
    /// <param name="blanks">Ids that it may not.</param>
    internal void Check(string loss, int labels, ReadOnlySpan<int> blanks)
    {
        CheckLengths(loss);
        foreach (var blank in blanks)
        {
            if ((uint)blank >= (uint)labels)
            {
                throw new ArgumentOutOfRangeException(nameof(blanks), blank, $"{loss}: the blank {blank} is outside 0..{labels - 1}");
            }
        }

        for (var i = 0; i < Targets.Count; i++)
        {
            foreach (var id in Targets[i])
            {
                if ((uint)id >= (uint)labels || blanks.Contains(id))
                {
                    throw new ArgumentOutOfRangeException(nameof(blanks), id, $"{loss}: target symbol {id} of utterance {i} is a blank or outside 0..{labels - 1}");
                }
            }
        }
    }

    /// <summary>Refuses lengths that do not fit.</summary>
    internal void CheckLengths(string loss)
    {
        if (FrameLengths.Count != Targets.Count)
        {
            throw new ShapeException($"{loss}: {FrameLengths.Count} frame lengths for {Targets.Count} targets");
        }

        for (var i = 0; i < Targets.Count; i++)
        {
            if (FrameLengths[i] < 0 || FrameLengths[i] > Frames || Targets[i].Length >= Positions)
            {
                throw new ShapeException(
                    $"{loss}: utterance {i} has {FrameLengths[i]} frames and {Targets[i].Length} symbols; logits have room for {Frames} and {Positions - 1}");
            }
        }
    }
}
