namespace Parley.Text;

/// <summary>Substitutions, insertions and deletions over a reference; counts of several texts add up.</summary>
/// <param name="Substitutions">Items of the reference that came out as something else.</param>
/// <param name="Insertions">Items of the hypothesis that the reference has not.</param>
/// <param name="Deletions">Items of the reference that are missing.</param>
/// <param name="Length">Items of the reference.</param>
public readonly record struct EditCounts(long Substitutions, long Insertions, long Deletions, long Length)
{
    /// <summary>All errors.</summary>
    public long Errors => Substitutions + Insertions + Deletions;

    /// <summary>Errors over reference items, as a fraction: 0 if both are empty, infinite if only the reference is.</summary>
    public double Rate => Length > 0 ? (double)Errors / Length : Errors == 0 ? 0 : double.PositiveInfinity;

    /// <summary>The counts of two corpora together.</summary>
    public static EditCounts operator +(EditCounts left, EditCounts right) => left.Add(right);

    /// <summary>The counts of two corpora together.</summary>
    public EditCounts Add(EditCounts other) => new(
        Substitutions + other.Substitutions, Insertions + other.Insertions, Deletions + other.Deletions, Length + other.Length);
}
