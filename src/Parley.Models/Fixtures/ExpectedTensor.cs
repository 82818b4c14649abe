using Parley.Nn;

namespace Parley.Models;

/// <summary>What a fixture expects under one name.</summary>
/// <param name="Name">Name without the leading "expected/".</param>
/// <param name="Stored">The values.</param>
/// <param name="Absolute">Absolute tolerance.</param>
/// <param name="Relative">Tolerance relative to the expected value.</param>
/// <param name="What">How it was made, in the fixture's words.</param>
internal sealed record ExpectedTensor(string Name, StoredTensor Stored, double Absolute, double Relative, string What)
{
    /// <summary>Integers and flags must match exactly.</summary>
    public bool IsExact => Stored.Type is not (StoredType.F64 or StoredType.F32 or StoredType.F16 or StoredType.BF16);
}
