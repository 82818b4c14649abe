namespace Parley.Tensors;

/// <summary>One direction of a recurrent layer over one batch: what goes in, what comes out, and what its gradient needs.</summary>
internal sealed unsafe class RecurrentPass
{
    private readonly RecurrentResult _result;
    private readonly int[]? _lengths;

    internal RecurrentPass(RecurrentSizes sizes, Tensor x, RecurrentWeights weights, int direction, int[]? lengths, Tensor? hidden, Tensor? cells, RecurrentResult result)
    {
        (Sizes, X, Direction, _lengths, Hidden, Cells, _result) = (sizes, x, direction, lengths, hidden, cells, result);
        Weights = new RecurrentWeights(
            weights.Input.Contiguous(), weights.Hidden.Contiguous(), weights.InputBias?.Contiguous(), weights.HiddenBias?.Contiguous(), weights.Projection?.Contiguous());
        Gates = Tensor.Empty([sizes.Time, sizes.Batch, sizes.Rows], x.Backend);
        Memory = sizes.Cell is RecurrentCell.Lstm or RecurrentCell.Gru ? Tensor.Empty([sizes.Time, sizes.Batch, sizes.Hidden], x.Backend) : null;
    }

    internal RecurrentSizes Sizes { get; }

    /// <summary>[time, batch, features], dense.</summary>
    internal Tensor X { get; }

    /// <summary>Parameters, dense.</summary>
    internal RecurrentWeights Weights { get; }

    /// <summary>0 from first to last, 1 from last to first.</summary>
    internal int Direction { get; }

    /// <summary>h before the first step [batch, size], or null.</summary>
    internal Tensor? Hidden { get; }

    /// <summary>An LSTM's memory before the first step [batch, hidden], or null.</summary>
    internal Tensor? Cells { get; }

    /// <summary>Gates of each step after their functions, [time, batch, gates·hidden]; the gradient overwrites them with that of their arguments.</summary>
    internal Tensor Gates { get; }

    /// <summary>[time, batch, hidden]: an LSTM's memory after each step, or a GRU's U h + b of the new value, which the gradient overwrites with its own.</summary>
    internal Tensor? Memory { get; }

    /// <summary>What the gradient needs besides inputs and output.</summary>
    internal IReadOnlyList<Tensor> Saved
    {
        get
        {
            Tensor?[] all = [Gates, Memory, X, Hidden, Cells, Weights.Input, Weights.Hidden, Weights.InputBias, Weights.HiddenBias, Weights.Projection];
            return [.. all.OfType<Tensor>()];
        }
    }

    /// <summary>Floats from one row of the output to the next.</summary>
    internal int OutputRow => _result.Output.Shape[2];

    /// <summary>h of each step; rows are <see cref="OutputRow"/> apart.</summary>
    internal float* Output => _result.Output.Pointer + (Direction * Sizes.Size);

    /// <summary>h after the last step, [batch, size].</summary>
    internal float* LastHidden => _result.Hidden.Pointer + ((long)Direction * Sizes.Batch * Sizes.Size);

    /// <summary>An LSTM's memory after the last step, [batch, hidden], or null.</summary>
    internal float* LastCells => _result.Cells is null ? null : _result.Cells.Pointer + ((long)Direction * Sizes.Batch * Sizes.Hidden);

    /// <summary>Place in time of step <paramref name="step"/> of the computation.</summary>
    internal int At(int step) => Direction == 0 ? step : Sizes.Time - 1 - step;

    /// <summary>Whether a row of the batch has something at this time.</summary>
    internal bool Has(int row, int time) => _lengths is null || time < _lengths[row];

    /// <summary>Steps of one row.</summary>
    internal int Length(int row) => _lengths is null ? Sizes.Time : _lengths[row];

    /// <summary>Whether nothing comes before this step of a row.</summary>
    internal bool IsFirst(int row, int time) => Direction == 0 ? time == 0 : time == Length(row) - 1;

    /// <summary>Lets everything that the gradient needs outlive the scope of the operation.</summary>
    internal void Keep(in TensorScope scope)
    {
        foreach (var tensor in Saved)
        {
            scope.Keep(tensor);
        }
    }

    /// <summary>Gives back what only the gradient needed.</summary>
    internal void Free()
    {
        Gates.Storage.Dispose();
        Memory?.Storage.Dispose();
    }
}
