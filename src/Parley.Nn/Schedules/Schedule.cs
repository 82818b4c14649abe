namespace Parley.Nn;

/// <summary>Learning rate by step, counted from 0: a rise over the first steps, then what the kind says.</summary>
/// <param name="Kind">Course after the rise.</param>
/// <param name="Rate">Highest rate; for Noam, the factor.</param>
/// <param name="Warmup">Steps of the rise from 0.</param>
/// <param name="Total">Steps of training, where the course ends somewhere.</param>
/// <param name="Floor">Lowest rate.</param>
/// <param name="Hold">Steps at the highest rate before the fall; tri-stage only.</param>
/// <param name="Dim">Model width; Noam only.</param>
/// <param name="Power">Exponent of the polynomial.</param>
public sealed record Schedule(
    ScheduleKind Kind, double Rate, int Warmup = 0, int Total = 0, double Floor = 0, int Hold = 0, int Dim = 1, double Power = 1)
{
    /// <summary>The rate of one step.</summary>
    public double At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (Kind == ScheduleKind.Noam)
        {
            // Vaswani et al. 2017, §5.3, whose steps count from 1.
            var n = step + 1.0;
            return Math.Max(Floor, Rate / Math.Sqrt(Dim) * Math.Min(1 / Math.Sqrt(n), n / Math.Pow(Math.Max(1, Warmup), 1.5)));
        }

        if (step < Warmup)
        {
            return Rate * step / Warmup;
        }

        var progress = Math.Clamp((double)(step - Warmup) / Math.Max(1, Total - Warmup), 0, 1);
        return Kind switch
        {
            ScheduleKind.Constant => Rate,
            ScheduleKind.Linear => Math.Max(Floor, Rate * (1 - progress)),
            ScheduleKind.Cosine => Floor + ((Rate - Floor) * 0.5 * (1 + Math.Cos(Math.PI * progress))),
            ScheduleKind.InverseSquareRoot => Math.Max(Floor, Rate * Math.Sqrt(Math.Max(1, Warmup) / (double)Math.Max(step, 1))),
            ScheduleKind.Polynomial => step >= Total ? Floor : Floor + ((Rate - Floor) * Math.Pow(1 - progress, Power)),
            ScheduleKind.TriStage => TriStage(step),
            _ => throw new InvalidOperationException($"schedule: unknown kind {Kind}"),
        };
    }

    /// <summary>Rise, plateau, exponential fall to the floor (Baevski et al. 2020, §4.2).</summary>
    private double TriStage(long step)
    {
        if (step < Warmup + Hold)
        {
            return Rate;
        }

        var (floor, length) = (Math.Max(Floor, 1e-12), Math.Max(1, Total - Warmup - Hold));
        return Rate * Math.Pow(floor / Rate, Math.Min(1, (double)(step - Warmup - Hold) / length));
    }
}
