namespace Parley.Text;

/// <summary>One step of an alignment.</summary>
public enum EditKind
{
    /// <summary>Both have the same here.</summary>
    Match,

    /// <summary>The hypothesis has something else.</summary>
    Substitution,

    /// <summary>The hypothesis has something that the reference has not.</summary>
    Insertion,

    /// <summary>The reference has something that the hypothesis has not.</summary>
    Deletion,
}
