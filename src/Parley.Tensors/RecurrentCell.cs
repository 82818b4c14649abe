namespace Parley.Tensors;

/// <summary>What a recurrent layer computes at each step.</summary>
public enum RecurrentCell
{
    /// <summary>h = tanh(W x + U h + b): Elman 1990.</summary>
    Tanh,

    /// <summary>h = max(W x + U h + b, 0).</summary>
    Relu,

    /// <summary>h = min(max(W x + U h + b, 0), 20): Deep Speech, Hannun et al. 2014, arXiv 1412.5567.</summary>
    ClippedRelu,

    /// <summary>Long short-term memory: Hochreiter and Schmidhuber 1997, with forget gates; gates in the order i, f, g, o.</summary>
    Lstm,

    /// <summary>Gated recurrent unit, Cho et al. 2014, arXiv 1406.1078, with the reset gate after the product; gates in the order r, z, n.</summary>
    Gru,
}
