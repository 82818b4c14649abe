namespace Parley.Tensors;

public abstract partial class Backend
{
    /// <summary>Mean and variance [2, channels] of dense x [batch, channels, …, time] over batch and positions, up to the length of each example.</summary>
    internal abstract void BatchStatistics(Tensor x, int[]? lengths, Tensor statistics);

    /// <summary>y = (x − mean) / √(variance + ε) · weight + bias by channel; zero past a length.</summary>
    internal abstract void BatchNorm(Tensor x, Tensor statistics, Tensor? weight, Tensor? bias, float epsilon, int[]? lengths, Tensor y);

    /// <summary>dx, dw [channels] and db [channels], where the statistics are those of x; weight may be null.</summary>
    internal abstract void BatchNormGradient(Tensor x, Tensor statistics, Tensor? weight, float epsilon, int[]? lengths, Tensor g, Tensor dx, Tensor dw, Tensor db);
}
