namespace Parley.Tensors;

/// <summary>Kernels over Vector512, Vector256 or Vector128, whichever the machine has.</summary>
internal sealed partial class SimdBackend(Workers workers) : Backend
{
    /// <inheritdoc/>
    public override Workers Workers { get; } = workers;
}
