using Parley.Tensors;

namespace Parley.Nn;

/// <summary>A copy of an intermediate result.</summary>
/// <param name="Shape">Sizes.</param>
/// <param name="Values">Elements in row-major order.</param>
public sealed record TappedTensor(Shape Shape, float[] Values);
