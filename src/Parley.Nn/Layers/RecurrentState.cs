using Parley.Tensors;

namespace Parley.Nn;

/// <summary>What a recurrent layer remembers between two calls. It is never changed: a step returns a new one.</summary>
/// <param name="Hidden">h of every layer and direction, [layers·directions, batch, size].</param>
/// <param name="Cells">An LSTM's memory, [layers·directions, batch, hidden]; else null.</param>
public sealed record RecurrentState(Tensor Hidden, Tensor? Cells);
