using System.Runtime.Intrinsics;

namespace Parley.Tensors;

internal sealed partial class SimdBackend
{
    /// <inheritdoc/>
    internal override void Recurrent(RecurrentPass pass)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            RecurrentForward<Lanes512>.Run(Workers, pass);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            RecurrentForward<Lanes256>.Run(Workers, pass);
        }
        else
        {
            RecurrentForward<Lanes128>.Run(Workers, pass);
        }
    }

    /// <inheritdoc/>
    internal override void RecurrentGradient(RecurrentPass pass, RecurrentGradients gradients)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            RecurrentBackward<Lanes512>.Run(Workers, pass, gradients);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            RecurrentBackward<Lanes256>.Run(Workers, pass, gradients);
        }
        else
        {
            RecurrentBackward<Lanes128>.Run(Workers, pass, gradients);
        }

        Reduce(pass, gradients);
    }

    // Biases: sums over all steps.
    private void Reduce(RecurrentPass pass, RecurrentGradients gradients)
    {
        using var scope = new TensorScope();
        var s = pass.Sizes;
        var all = pass.Gates.Reshape(s.Time * s.Batch, s.Rows);
        foreach (var bias in (Tensor?[])[gradients.InputBias, gradients.HiddenBias])
        {
            if (bias is not null)
            {
                Reduce(ReduceOp.Sum, all, 0, bias.Unsqueeze(0));
            }
        }

        if (s.Cell == RecurrentCell.Gru && gradients.HiddenBias is not null)
        {
            Reduce(ReduceOp.Sum, pass.Memory!.Reshape(s.Time * s.Batch, s.Hidden), 0, gradients.HiddenBias.Slice(0, 2 * s.Hidden, s.Rows).Unsqueeze(0));
        }
    }
}
