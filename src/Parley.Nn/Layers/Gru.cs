using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Gated recurrent units.</summary>
/// <remarks>Cho et al. 2014, arXiv 1406.1078; the reset gate follows the product, and gates are in the order r, z, n, as in PyTorch.</remarks>
public sealed class Gru
{
    private readonly RecurrentStack _layers;

    /// <summary>Reads <c>weight_ih_l0</c> [3·hidden, inputs], <c>weight_hh_l0</c> [3·hidden, hidden], <c>bias_ih_l0</c> and <c>bias_hh_l0</c> [3·hidden]; with <c>_reverse</c> for the other direction, and so for each layer.</summary>
    /// <param name="w">Where the parameters are.</param>
    /// <param name="inputs">Features.</param>
    /// <param name="hidden">Units of a direction.</param>
    /// <param name="layers">Layers, one above the other.</param>
    /// <param name="bidirectional">Each layer also reads from last to first.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="dropout">Probability with which an input of all layers but the first is dropped in training.</param>
    public Gru(Weights w, int inputs, int hidden, int layers = 1, bool bidirectional = false, bool bias = true, float dropout = 0) =>
        _layers = new RecurrentStack(w, RecurrentCell.Gru, inputs, hidden, layers, bidirectional, bias, dropout);

    /// <summary>Applies the layers to whole utterances, or to the next piece of each.</summary>
    /// <param name="x">[batch, time, inputs].</param>
    /// <param name="lengths">Frames of each utterance; null: all.</param>
    /// <param name="state">Where the last piece ended; null: zeros.</param>
    /// <param name="pass">In training: dropout between layers.</param>
    public RecurrentOutput Forward(Tensor x, IReadOnlyList<int>? lengths = null, RecurrentState? state = null, TrainingPass? pass = null) =>
        _layers.Forward(x, lengths, state, pass);

    /// <summary>One frame [batch, inputs] further, to [batch, size].</summary>
    public RecurrentOutput Step(Tensor x, RecurrentState? state) => _layers.Step(x, state);
}
