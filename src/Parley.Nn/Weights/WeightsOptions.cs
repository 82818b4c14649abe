using Parley.Tensors;

namespace Parley.Nn;

/// <summary>How parameters are held once loaded.</summary>
/// <param name="backend">What computes; null: <see cref="Backend.Default"/>.</param>
/// <param name="precision">Format of all matrices; null: each as it is stored.</param>
/// <param name="trains">
/// Which parameters, by name, are trained: these are held as float32 in memory of their own, whatever <paramref name="precision"/> says, and
/// gradients reach them; null: none.
/// </param>
public sealed class WeightsOptions(Backend? backend = null, WeightFormat? precision = null, Func<string, bool>? trains = null)
{
    /// <summary>What computes.</summary>
    public Backend Backend { get; } = backend ?? Backend.Default;

    /// <summary>Format of all matrices; null: each as it is stored.</summary>
    public WeightFormat? Precision { get; } = precision;

    /// <summary>Whether anything is trained: then buffers, such as running statistics, can be written to.</summary>
    public bool IsTraining => trains is not null;

    /// <summary>Whether the parameter of this name is trained.</summary>
    public bool Trains(string name) => trains?.Invoke(name) ?? false;
}
