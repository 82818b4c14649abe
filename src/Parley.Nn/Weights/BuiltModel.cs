namespace Parley.Nn;

/// <summary>A model with what it was built from.</summary>
/// <param name="Model">The model.</param>
/// <param name="Parameters">Every parameter it asked for, in the order of asking.</param>
public sealed record BuiltModel<T>(T Model, IReadOnlyList<Parameter> Parameters);
