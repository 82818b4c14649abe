namespace Parley.Tensors;

// Gradients of recurrent layers, step by step and row by row.
internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void RecurrentGradient(RecurrentPass pass, RecurrentGradients gradients)
    {
        var (s, w, x) = (pass.Sizes, pass.Weights, Dense(pass.X));
        var (input, inner, project) = (Dense(w.Input), Dense(w.Hidden), w.Projection is null ? null : Dense(w.Projection));
        var (dInput, dInner, dProject) = (new double[input.Length], new double[inner.Length], new double[s.Size * s.Hidden]);
        var (dInputBias, dHiddenBias, dx) = (new double[s.Rows], new double[s.Rows], new double[x.Length]);
        for (var row = 0; row < s.Batch; row++)
        {
            var dh = Start(gradients.LastHidden, row, s.Size);
            var dc = Start(gradients.LastCells, row, s.Hidden);
            for (var step = s.Time - 1; step >= 0; step--)
            {
                var (time, at) = (pass.At(step), (pass.At(step) * s.Batch) + row);
                if (!pass.Has(row, time))
                {
                    continue;
                }

                for (var i = 0; i < s.Size; i++)
                {
                    dh[i] += gradients.Output.Pointer[((long)at * pass.OutputRow) + (pass.Direction * s.Size) + i];
                }

                var before = HiddenBefore(pass, row, time);
                var inside = dh;
                if (project is not null)
                {
                    inside = Back(project, dh, s.Hidden);
                    Outer(dh, Unprojected(pass, at), dProject);
                }

                var (da, du, direct) = StepBack(pass, row, time, inside, dc, before);
                Outer(da, x.AsSpan(at * s.Features, s.Features), dInput);
                Outer(du, before, dInner);
                Outer(da, [1], dInputBias);
                Outer(du, [1], dHiddenBias);
                Back(input, da, s.Features).CopyTo(dx, at * s.Features);
                dh = Back(inner, du, s.Size);
                for (var i = 0; i < direct.Length; i++)
                {
                    dh[i] += direct[i];
                }
            }

            if (gradients.Hidden is not null)
            {
                Store(dh, gradients.Hidden + (row * s.Size));
            }

            if (gradients.Cells is not null)
            {
                Store(dc, gradients.Cells + (row * s.Hidden));
            }
        }

        Give(dInput, gradients.InputWeights);
        Give(dInner, gradients.HiddenWeights);
        Give(dInputBias, gradients.InputBias);
        Give(dHiddenBias, gradients.HiddenBias);
        Give(dProject, gradients.Projection);
        for (var i = 0; i < dx.Length && gradients.X is not null; i++)
        {
            gradients.X.Pointer[i] = (float)dx[i] + (pass.Direction == 0 ? 0 : gradients.X.Pointer[i]);
        }
    }

    // Gradients of W x and of U h, one number for each gate and unit, and what reaches the state before past them; dc becomes that of the memory before.
    private static (double[] Input, double[] Hidden, double[] Direct) StepBack(RecurrentPass pass, int row, int time, double[] dh, double[] dc, double[] before)
    {
        var s = pass.Sizes;
        var at = ((long)time * s.Batch) + row;
        var gates = pass.Gates.Pointer + (at * s.Rows);
        var (da, du, direct) = (new double[s.Rows], new double[s.Rows], new double[s.Cell == RecurrentCell.Gru ? s.Hidden : 0]);
        for (var j = 0; j < s.Hidden; j++)
        {
            var (second, third, fourth) = (s.Hidden + j, (2 * s.Hidden) + j, (3 * s.Hidden) + j);
            switch (s.Cell)
            {
                case RecurrentCell.Lstm:
                    double i = gates[j], f = gates[second], g = gates[third], o = gates[fourth];
                    var tanh = Math.Tanh(pass.Memory!.Pointer[(at * s.Hidden) + j]);
                    dc[j] += dh[j] * o * (1 - (tanh * tanh));
                    (da[j], da[second]) = (dc[j] * g * i * (1 - i), dc[j] * MemoryBefore(pass, row, time, j) * f * (1 - f));
                    (da[third], da[fourth]) = (dc[j] * i * (1 - (g * g)), dh[j] * tanh * o * (1 - o));
                    dc[j] *= f;
                    break;
                case RecurrentCell.Gru:
                    double r = gates[j], z = gates[second], n = gates[third];
                    da[third] = dh[j] * (1 - z) * (1 - (n * n));
                    (da[j], da[second]) = (da[third] * pass.Memory!.Pointer[(at * s.Hidden) + j] * r * (1 - r), dh[j] * (before[j] - n) * z * (1 - z));
                    direct[j] = dh[j] * z;
                    break;
                default:
                    double h = gates[j];
                    da[j] = dh[j] * (s.Cell switch
                    {
                        RecurrentCell.Tanh => 1 - (h * h),
                        RecurrentCell.Relu => h > 0 ? 1 : 0,
                        _ => h is > 0 and < 20 ? 1 : 0,
                    });
                    break;
            }
        }

        da.CopyTo(du, 0);
        for (var j = 0; j < direct.Length; j++)
        {
            du[(2 * s.Hidden) + j] = da[(2 * s.Hidden) + j] * gates[j];
        }

        return (da, du, direct);
    }

    private static double[] HiddenBefore(RecurrentPass pass, int row, int time)
    {
        var before = new double[pass.Sizes.Size];
        var from = !pass.IsFirst(row, time)
            ? pass.Output + (((long)(time + (pass.Direction == 0 ? -1 : 1)) * pass.Sizes.Batch) + row) * pass.OutputRow
            : pass.Hidden is null ? null : pass.Hidden.Pointer + (row * before.Length);
        for (var i = 0; i < before.Length && from is not null; i++)
        {
            before[i] = from[i];
        }

        return before;
    }

    private static double MemoryBefore(RecurrentPass pass, int row, int time, int j)
    {
        var s = pass.Sizes;
        return !pass.IsFirst(row, time)
            ? pass.Memory!.Pointer[((((long)(time + (pass.Direction == 0 ? -1 : 1)) * s.Batch) + row) * s.Hidden) + j]
            : pass.Cells is null ? 0 : pass.Cells.Pointer[(row * s.Hidden) + j];
    }

    private static double[] Unprojected(RecurrentPass pass, int at)
    {
        var h = new double[pass.Sizes.Hidden];
        for (var j = 0; j < h.Length; j++)
        {
            h[j] = pass.Gates.Pointer[((long)at * pass.Sizes.Rows) + (3 * h.Length) + j] * Math.Tanh(pass.Memory!.Pointer[((long)at * h.Length) + j]);
        }

        return h;
    }

    private static double[] Start(float* gradient, int row, int size)
    {
        var start = new double[size];
        for (var i = 0; i < size && gradient is not null; i++)
        {
            start[i] = gradient[(row * size) + i];
        }

        return start;
    }

    // wᵀ g of w [g, columns].
    private static double[] Back(double[] w, double[] g, int columns)
    {
        var x = new double[columns];
        for (var i = 0; i < w.Length; i++)
        {
            x[i % columns] += w[i] * g[i / columns];
        }

        return x;
    }

    // dw += g xᵀ.
    private static void Outer(double[] g, ReadOnlySpan<double> x, double[] dw)
    {
        for (var i = 0; i < dw.Length; i++)
        {
            dw[i] += g[i / x.Length] * x[i % x.Length];
        }
    }

    private static void Give(double[] values, Tensor? target)
    {
        if (target is not null)
        {
            Store(values, target.Pointer);
        }
    }
}
