using Parley.Tensors;

namespace Parley.Nn;

/// <summary>How parameters are held once loaded.</summary>
/// <param name="backend">What computes; null: <see cref="Backend.Default"/>.</param>
/// <param name="precision">Format of all matrices; null: each as it is stored.</param>
public sealed class WeightsOptions(Backend? backend = null, WeightFormat? precision = null)
{
    /// <summary>What computes.</summary>
    public Backend Backend { get; } = backend ?? Backend.Default;

    /// <summary>Format of all matrices; null: each as it is stored.</summary>
    public WeightFormat? Precision { get; } = precision;
}
