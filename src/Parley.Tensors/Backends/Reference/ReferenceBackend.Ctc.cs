namespace Parley.Tensors;

// CTC by its recursions, in logarithms.
internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void Ctc(Tensor logits, int[] frames, int[][] targets, int blank, Tensor losses, Tensor? gradient)
    {
        var (all, time, symbols) = (Dense(logits), logits.Shape[1], logits.Shape[2]);
        for (var i = 0; i < frames.Length; i++)
        {
            var log = new double[frames[i]][];
            for (var t = 0; t < log.Length; t++)
            {
                var row = all.AsSpan(((i * time) + t) * symbols, symbols).ToArray();
                var top = row.Max();
                var total = top + Math.Log(row.Sum(v => Math.Exp(v - top)));
                log[t] = [.. row.Select(v => v - total)];
            }

            var (loss, posterior) = Ctc(log, targets[i], blank, symbols);
            losses.Pointer[i] = (float)loss;
            for (var t = 0; t < time && gradient is not null; t++)
            {
                for (var k = 0; k < symbols; k++)
                {
                    gradient.Pointer[(((i * time) + t) * symbols) + k] =
                        t < log.Length && !double.IsPositiveInfinity(loss) ? (float)(Math.Exp(log[t][k]) - posterior[t][k]) : 0f;
                }
            }
        }
    }

    private static (double Loss, double[][] Posterior) Ctc(double[][] log, int[] target, int blank, int symbols)
    {
        var (frames, states) = (log.Length, (2 * target.Length) + 1);
        var posterior = Enumerable.Range(0, frames).Select(_ => new double[symbols]).ToArray();
        if (frames == 0)
        {
            return (target.Length == 0 ? 0 : double.PositiveInfinity, posterior);
        }

        int Symbol(int s) => s % 2 == 0 ? blank : target[s / 2];
        bool Skips(int s) => s > 1 && s % 2 == 1 && target[s / 2] != target[(s / 2) - 1];
        var (alpha, beta) = (Table(frames, states), Table(frames, states));
        for (var s = 0; s < Math.Min(2, states); s++)
        {
            alpha[0][s] = log[0][Symbol(s)];
        }

        for (var t = 1; t < frames; t++)
        {
            for (var s = 0; s < states; s++)
            {
                var sum = LogAdd(alpha[t - 1][s], s > 0 ? alpha[t - 1][s - 1] : double.NegativeInfinity);
                alpha[t][s] = LogAdd(sum, Skips(s) ? alpha[t - 1][s - 2] : double.NegativeInfinity) + log[t][Symbol(s)];
            }
        }

        // beta without the frame's own symbol, so that alpha + beta counts it once.
        for (var s = Math.Max(0, states - 2); s < states; s++)
        {
            beta[frames - 1][s] = 0;
        }

        for (var t = frames - 2; t >= 0; t--)
        {
            double After(int s) => s < states ? beta[t + 1][s] + log[t + 1][Symbol(s)] : double.NegativeInfinity;
            for (var s = 0; s < states; s++)
            {
                beta[t][s] = LogAdd(LogAdd(After(s), After(s + 1)), s + 2 < states && Skips(s + 2) ? After(s + 2) : double.NegativeInfinity);
            }
        }

        var total = LogAdd(alpha[^1][states - 1], states > 1 ? alpha[^1][states - 2] : double.NegativeInfinity);
        for (var t = 0; t < frames; t++)
        {
            for (var s = 0; s < states; s++)
            {
                posterior[t][Symbol(s)] += Math.Exp(alpha[t][s] + beta[t][s] - total);
            }
        }

        return (-total, posterior);
    }

    private static double[][] Table(int rows, int columns)
    {
        var table = new double[rows][];
        for (var i = 0; i < rows; i++)
        {
            table[i] = new double[columns];
            Array.Fill(table[i], double.NegativeInfinity);
        }

        return table;
    }

    private static double LogAdd(double a, double b)
    {
        var (high, low) = a > b ? (a, b) : (b, a);
        return double.IsNegativeInfinity(low) ? high : high + Math.Log(1 + Math.Exp(low - high));
    }
}
