namespace Parley.Tensors;

/// <summary>Tensors of shapes that do not fit an operation.</summary>
public sealed class ShapeException(string message) : Exception(message);
