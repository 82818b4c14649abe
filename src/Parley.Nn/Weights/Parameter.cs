using Parley.Tensors;

namespace Parley.Nn;

/// <summary>One parameter that a model asked for.</summary>
/// <param name="Name">Checkpoint name.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="IsBuffer">Stored but not trained.</param>
/// <param name="Tensor">The values, when held as float32.</param>
/// <param name="Matrix">The values, when held as a matrix.</param>
/// <param name="Uses">How often the model asked for it; more than once: tied.</param>
public sealed record Parameter(string Name, Shape Shape, bool IsBuffer, Tensor? Tensor, WeightMatrix? Matrix, int Uses = 1)
{
    /// <summary>Number of values.</summary>
    public long Count => Shape.Count;
}
