namespace Parley.Tensors;

/// <summary>Gradients of a recurrent layer's weights and input, once those of all gates are known: large products over all steps.</summary>
internal static unsafe class RecurrentSums
{
    /// <param name="workers">Cores.</param>
    /// <param name="pass">Its gates hold the gradients of their arguments.</param>
    /// <param name="gradients">Where results go.</param>
    /// <param name="projected">Gradients of what a projection gave [time·batch, size], or null.</param>
    /// <param name="unprojected">What it was given [time·batch, hidden], or null.</param>
    /// <param name="room">For temporary memory.</param>
    internal static void Run(Workers workers, RecurrentPass pass, RecurrentGradients gradients, float* projected, float* unprojected, RecurrentRoom room)
    {
        var (s, rows) = (pass.Sizes, pass.Sizes.Time * pass.Sizes.Batch);
        var gates = pass.Gates.Pointer;
        if (gradients.X is not null)
        {
            var epilogue = new Epilogue { Accumulate = pass.Direction > 0 };
            Gemm.Run(workers, rows, s.Features, s.Rows, gates, s.Rows, 1, pass.Weights.Input.Pointer, s.Features, 1, gradients.X.Pointer, s.Features, epilogue);
        }

        if (gradients.InputWeights is not null)
        {
            Gemm.Run(workers, s.Rows, s.Features, rows, gates, 1, s.Rows, pass.X.Pointer, s.Features, 1, gradients.InputWeights.Pointer, s.Features);
        }

        if (gradients.HiddenWeights is not null)
        {
            // A GRU's last gate has another gradient before its reset gate than after.
            var above = s.Cell == RecurrentCell.Gru ? 2 * s.Hidden : s.Rows;
            HiddenWeights(workers, pass, above, gates, s.Rows, gradients.HiddenWeights.Pointer, room);
            if (s.Cell == RecurrentCell.Gru)
            {
                HiddenWeights(workers, pass, s.Hidden, pass.Memory!.Pointer, s.Hidden, gradients.HiddenWeights.Pointer + ((long)above * s.Size), room);
            }
        }

        if (gradients.Projection is not null)
        {
            Gemm.Run(workers, s.Size, s.Hidden, rows, projected, 1, s.Size, unprojected, s.Hidden, 1, gradients.Projection.Pointer, s.Hidden);
        }
    }

    // Σ over steps of δ[count, row] h before it: all steps but the first of each row against the output, shifted by one.
    private static void HiddenWeights(Workers workers, RecurrentPass pass, int count, float* deltas, int stride, float* target, RecurrentRoom room)
    {
        var s = pass.Sizes;
        var (later, earlier) = pass.Direction == 0 ? (s.Batch, 0) : (0, s.Batch);
        Gemm.Run(
            workers, count, s.Size, Math.Max(s.Time - 1, 0) * s.Batch, deltas + ((long)later * stride), 1, stride, pass.Output + ((long)earlier * pass.OutputRow), pass.OutputRow, 1, target, s.Size);
        if (pass.Hidden is null)
        {
            return;
        }

        var first = room.Zeros((long)s.Batch * count);
        for (var row = 0; row < s.Batch; row++)
        {
            var time = pass.Direction == 0 ? 0 : pass.Length(row) - 1;
            if (pass.Length(row) > 0)
            {
                new ReadOnlySpan<float>(deltas + ((((long)time * s.Batch) + row) * stride), count).CopyTo(new Span<float>(first + ((long)row * count), count));
            }
        }

        Gemm.Run(workers, count, s.Size, s.Batch, first, 1, count, pass.Hidden.Pointer, s.Size, 1, target, s.Size, new Epilogue { Accumulate = true });
    }
}
