using Parley.Tensors;

namespace Parley.Nn;

/// <summary>What a recurrent layer returns.</summary>
/// <param name="Output">[batch, time, directions·size]; zero past the end of an utterance.</param>
/// <param name="State">After the last frame of each utterance.</param>
public sealed record RecurrentOutput(Tensor Output, RecurrentState State);
