namespace Parley.Tensors;

// Recurrent layers, step by step and row by row.
internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void Recurrent(RecurrentPass pass)
    {
        var (s, w) = (pass.Sizes, pass.Weights);
        var (input, inner, project) = (Dense(w.Input), Dense(w.Hidden), w.Projection is null ? null : Dense(w.Projection));
        var (inputBias, hiddenBias) = (w.InputBias is null ? new double[s.Rows] : Dense(w.InputBias), w.HiddenBias is null ? new double[s.Rows] : Dense(w.HiddenBias));
        var x = Dense(pass.X);
        for (var row = 0; row < s.Batch; row++)
        {
            var h = pass.Hidden is null ? new double[s.Size] : Dense(pass.Hidden.Select(0, row));
            var c = pass.Cells is null ? new double[s.Hidden] : Dense(pass.Cells.Select(0, row));
            for (var step = 0; step < s.Time; step++)
            {
                var at = (pass.At(step) * s.Batch) + row;
                if (pass.Has(row, pass.At(step)))
                {
                    var wx = Product(input, x.AsSpan(at * s.Features, s.Features), inputBias);
                    var uh = Product(inner, h, hiddenBias);
                    var next = Step(s, wx, uh, h, c, pass, at);
                    h = project is null ? next : Product(project, next, new double[s.Size]);
                }

                for (var i = 0; i < s.Size; i++)
                {
                    pass.Output[((long)at * pass.OutputRow) + i] = pass.Has(row, pass.At(step)) ? (float)h[i] : 0f;
                }
            }

            Store(h, pass.LastHidden + (row * s.Size));
            if (s.Cell == RecurrentCell.Lstm)
            {
                Store(c, pass.LastCells + (row * s.Hidden));
            }
        }
    }

    // One step of one row: returns h before any projection, changes c, notes the gates.
    private static double[] Step(RecurrentSizes s, double[] wx, double[] uh, double[] h, double[] c, RecurrentPass pass, int at)
    {
        var next = new double[s.Hidden];
        var gates = pass.Gates.Pointer + ((long)at * s.Rows);
        var memory = pass.Memory is null ? null : pass.Memory.Pointer + ((long)at * s.Hidden);
        for (var j = 0; j < s.Hidden; j++)
        {
            double Sum(int gate) => wx[(gate * s.Hidden) + j] + uh[(gate * s.Hidden) + j];
            switch (s.Cell)
            {
                case RecurrentCell.Lstm:
                    var (i, f, g, o) = (Sigmoid(Sum(0)), Sigmoid(Sum(1)), Math.Tanh(Sum(2)), Sigmoid(Sum(3)));
                    c[j] = (f * c[j]) + (i * g);
                    next[j] = o * Math.Tanh(c[j]);
                    (gates[j], gates[s.Hidden + j], gates[(2 * s.Hidden) + j], gates[(3 * s.Hidden) + j]) = ((float)i, (float)f, (float)g, (float)o);
                    memory[j] = (float)c[j];
                    break;
                case RecurrentCell.Gru:
                    var (r, z) = (Sigmoid(Sum(0)), Sigmoid(Sum(1)));
                    var n = Math.Tanh(wx[(2 * s.Hidden) + j] + (r * uh[(2 * s.Hidden) + j]));
                    next[j] = ((1 - z) * n) + (z * h[j]);
                    (gates[j], gates[s.Hidden + j], gates[(2 * s.Hidden) + j]) = ((float)r, (float)z, (float)n);
                    memory[j] = (float)uh[(2 * s.Hidden) + j];
                    break;
                default:
                    next[j] = s.Cell switch
                    {
                        RecurrentCell.Tanh => Math.Tanh(Sum(0)),
                        RecurrentCell.Relu => Math.Max(Sum(0), 0),
                        _ => Math.Clamp(Sum(0), 0, 20),
                    };
                    gates[j] = (float)next[j];
                    break;
            }
        }

        return next;
    }

    private static double[] Product(double[] w, ReadOnlySpan<double> x, double[] bias)
    {
        var y = (double[])bias.Clone();
        for (var i = 0; i < w.Length; i++)
        {
            y[i / x.Length] += w[i] * x[i % x.Length];
        }

        return y;
    }

    private static void Store(double[] values, float* target)
    {
        for (var i = 0; i < values.Length; i++)
        {
            target[i] = (float)values[i];
        }
    }
}
