namespace Parley.Tensors;

// Recurrent layers.
public sealed unsafe partial class Tensor
{
    /// <summary>A recurrent layer over all steps of this [time, batch, features], in one direction or both.</summary>
    /// <param name="cell">What a step computes.</param>
    /// <param name="forward">Parameters of the direction from first to last.</param>
    /// <param name="reverse">Parameters of the direction from last to first, whose results stand beside the other's; null: none.</param>
    /// <param name="lengths">Steps of each utterance of the batch: later ones change no state and their output is zero; null: all.</param>
    /// <param name="hidden">h before the first step, [directions, batch, size]; null: zeros.</param>
    /// <param name="cells">The memory of an LSTM before the first step, [directions, batch, hidden]; null: zeros.</param>
    public RecurrentResult Recurrent(
        RecurrentCell cell, RecurrentWeights forward, RecurrentWeights? reverse = null, IReadOnlyList<int>? lengths = null, Tensor? hidden = null, Tensor? cells = null)
    {
        ArgumentNullException.ThrowIfNull(forward);
        RecurrentWeights[] weights = reverse is null ? [forward] : [forward, reverse];
        var sizes = RecurrentSizes.Check(cell, this, weights, lengths, hidden, cells);
        var steps = lengths is null || lengths.All(n => n == sizes.Time) ? null : lengths.ToArray();
        Tensor?[] inputs = [this, hidden, cells, .. weights.SelectMany(w => (Tensor?[])[w.Input, w.Hidden, w.InputBias, w.HiddenBias, w.Projection])];
        var records = Autograd.Records(inputs);
        var result = new RecurrentResult(
            Empty([sizes.Time, sizes.Batch, weights.Length * sizes.Size], Backend),
            Empty([weights.Length, sizes.Batch, sizes.Size], Backend),
            cell == RecurrentCell.Lstm ? Empty([weights.Length, sizes.Batch, sizes.Hidden], Backend) : null);
        var passes = new RecurrentPass[weights.Length];
        using (Autograd.Pause())
        {
            using var scope = new TensorScope();
            var x = Contiguous();
            for (var d = 0; d < passes.Length; d++)
            {
                passes[d] = new RecurrentPass(sizes, x, weights[d], d, steps, hidden?.Select(0, d).Contiguous(), cells?.Select(0, d).Contiguous(), result);
                Backend.Recurrent(passes[d]);
                if (records)
                {
                    passes[d].Keep(scope);
                }
            }
        }

        GC.KeepAlive(inputs);
        if (records)
        {
            RecordRecurrent(passes, inputs, result);
        }

        return result;
    }

    private static void RecordRecurrent(RecurrentPass[] passes, Tensor?[] inputs, RecurrentResult result)
    {
        var y = result.Output;
        Tensor?[] ends = [null, null];
        y.Node = new GradNode("recurrent", y, [.. inputs, .. passes.SelectMany(p => p.Saved)], Saves.Inputs | Saves.Result, isView: false, (g, _) =>
        {
            var gradients = new Tensor?[inputs.Length];
            for (var i = 0; i < inputs.Length; i++)
            {
                gradients[i] = inputs[i] is { NeedsGradient: true } input ? Empty(input.Shape, y.Backend) : null;
            }

            foreach (var pass in passes)
            {
                y.Backend.RecurrentGradient(pass, new RecurrentGradients(g.Contiguous(), ends[0], ends[1], gradients, pass.Direction));
                pass.Free();
            }

            ends[0]?.Dispose();
            ends[1]?.Dispose();
            return [.. gradients, .. new Tensor?[passes.Sum(p => p.Saved.Count)]];
        });
        Last(result.Hidden, 0);
        if (result.Cells is not null)
        {
            Last(result.Cells, 1);
        }

        // The last states are results of the same operation: their gradients wait for that of the output.
        void Last(Tensor state, int which) => state.Node = new GradNode("recurrent state", state, [y], Saves.Nothing, isView: false, (g, _) =>
        {
            ends[which] = Allocate(g.Shape, g.Backend);
            ends[which]!.CopyFrom(g);
            return [Zeros(y.Shape, y.Backend)];
        });
    }
}
