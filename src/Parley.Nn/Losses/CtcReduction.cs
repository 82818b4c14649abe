namespace Parley.Nn;

/// <summary>How the losses of a batch become one number.</summary>
public enum CtcReduction
{
    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>The mean over the batch of each loss divided by its number of target symbols (at least 1).</summary>
    Mean,
}
