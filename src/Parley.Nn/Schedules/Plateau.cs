namespace Parley.Nn;

/// <summary>Lowers the learning rate when a measure has stopped falling: a factor that multiplies the schedule's rate.</summary>
/// <remarks>As <c>torch.optim.lr_scheduler.ReduceLROnPlateau</c> in its "min" mode with a relative threshold.</remarks>
/// <param name="factor">What the rate is multiplied by.</param>
/// <param name="patience">Measurements without improvement that are borne.</param>
/// <param name="threshold">Relative improvement that counts.</param>
public sealed class Plateau(double factor = 0.5, int patience = 2, double threshold = 1e-4)
{
    /// <summary>Factor of the learning rate so far.</summary>
    public double Scale { get; private set; } = 1;

    /// <summary>Lowest measure seen.</summary>
    public double Best { get; private set; } = double.PositiveInfinity;

    /// <summary>Measurements since then.</summary>
    public int Waited { get; private set; }

    /// <summary>Takes a new measurement.</summary>
    public void Observe(double measure)
    {
        if (measure < Best * (1 - threshold))
        {
            (Best, Waited) = (measure, 0);
        }
        else if (++Waited > patience)
        {
            (Scale, Waited) = (Scale * factor, 0);
        }
    }

    /// <summary>Goes on from a saved state.</summary>
    public void Restore(double scale, double best, int waited) => (Scale, Best, Waited) = (scale, best, waited);
}
