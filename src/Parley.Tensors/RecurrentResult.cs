namespace Parley.Tensors;

/// <summary>What a recurrent layer returns.</summary>
/// <param name="Output">h of every step, [time, batch, directions·size]; zero past the end of an utterance.</param>
/// <param name="Hidden">h after the last step of each utterance, [directions, batch, size]; the first step for the reverse direction.</param>
/// <param name="Cells">LSTM: its memory at the same moments, [directions, batch, hidden]; else null.</param>
public sealed record RecurrentResult(Tensor Output, Tensor Hidden, Tensor? Cells);
