namespace Parley.Nn;

/// <summary>How the losses of a batch become one number.</summary>
public enum LossReduction
{
    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>Their mean: <c>mean</c> of torchaudio's RNN-T loss, <c>mean_batch</c> of NeMo.</summary>
    Mean,

    /// <summary>The mean of each loss divided by its number of target symbols, at least 1: <c>mean</c> of PyTorch's CTC loss and of NeMo.</summary>
    MeanPerSymbol,

    /// <summary>Their sum divided by the number of all target symbols: <c>mean_volume</c> of NeMo.</summary>
    MeanVolume,
}
