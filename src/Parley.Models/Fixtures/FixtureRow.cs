namespace Parley.Models;

/// <summary>One expected tensor of a fixture beside what Parley computed.</summary>
/// <param name="Name">Name in <c>expected.safetensors</c>.</param>
/// <param name="Verdict">Passed, failed or not computed.</param>
/// <param name="MaxError">Difference at the value that is worst for its tolerance; 0 when exact or not computed.</param>
/// <param name="Tolerance">What was allowed there; 0 for tensors that must match exactly.</param>
/// <param name="Detail">Where and what, or why it was not computed; empty when passed.</param>
public sealed record FixtureRow(string Name, FixtureVerdict Verdict, double MaxError, double Tolerance, string Detail)
{
    /// <summary>Whether Parley computed the tensor and it is right.</summary>
    public bool Ok => Verdict == FixtureVerdict.Passed;
}
