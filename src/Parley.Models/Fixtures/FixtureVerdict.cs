namespace Parley.Models;

/// <summary>What came of one expected tensor.</summary>
public enum FixtureVerdict
{
    /// <summary>Every value is within its tolerance.</summary>
    Passed,

    /// <summary>A value, or the shape, is not.</summary>
    Failed,

    /// <summary>Parley cannot compute it; the row says why.</summary>
    NotComputed,
}
