namespace Parley.Tensors;

/// <summary>Scalar loops with double accumulators, written to be obviously right.</summary>
internal sealed partial class ReferenceBackend : Backend
{
    /// <inheritdoc/>
    public override Workers Workers { get; } = new(1);
}
