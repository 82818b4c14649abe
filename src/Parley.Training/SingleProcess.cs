namespace Parley.Training;

/// <summary>One process that trains alone.</summary>
public sealed class SingleProcess : ICollective
{
    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public void Sum(Span<float> values)
    {
    }

    /// <inheritdoc/>
    public void Sum(Span<double> values)
    {
    }

    /// <inheritdoc/>
    public void Wait()
    {
    }

    /// <inheritdoc/>
    public void Abort()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
