namespace Parley.Tensors;

/// <summary>Parameters of one direction of a recurrent layer; gates stand one below the other.</summary>
/// <param name="Input">W [gates·hidden, features].</param>
/// <param name="Hidden">U [gates·hidden, size]; size is the number of hidden units, or of the projection's outputs.</param>
/// <param name="InputBias">[gates·hidden], or null.</param>
/// <param name="HiddenBias">[gates·hidden], or null; a GRU multiplies its last part by the reset gate.</param>
/// <param name="Projection">LSTM only: h is multiplied by this [size, hidden] (Sak et al. 2014, arXiv 1402.1128); null: size is hidden.</param>
public sealed record RecurrentWeights(Tensor Input, Tensor Hidden, Tensor? InputBias = null, Tensor? HiddenBias = null, Tensor? Projection = null);
