namespace Parley.Nn;

/// <summary>Families of starting values for a parameter that is not loaded.</summary>
public enum InitKind
{
    /// <summary>All zero.</summary>
    Zeros,

    /// <summary>All one.</summary>
    Ones,

    /// <summary>Normal with mean 0 and standard deviation <see cref="Init.Scale"/>.</summary>
    Normal,

    /// <summary>Uniform in ±<see cref="Init.Scale"/>.</summary>
    Uniform,
}

/// <summary>Starting values of a parameter that is not loaded.</summary>
/// <param name="Kind">Family.</param>
/// <param name="Scale">Standard deviation or bound.</param>
public readonly record struct Init(InitKind Kind, float Scale = 1)
{
    /// <summary>All zero.</summary>
    public static Init Zeros => new(InitKind.Zeros);

    /// <summary>All one.</summary>
    public static Init Ones => new(InitKind.Ones);

    /// <summary>Normal around 0.</summary>
    public static Init Normal(float deviation) => new(InitKind.Normal, deviation);

    /// <summary>Uniform in ±1/√fanIn: what PyTorch gives linear layers and convolutions.</summary>
    public static Init KaimingUniform(int fanIn) => new(InitKind.Uniform, 1 / MathF.Sqrt(fanIn));

    /// <summary>Fills <paramref name="values"/> from <paramref name="random"/>.</summary>
    public void Fill(Span<float> values, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        switch (Kind)
        {
            case InitKind.Zeros:
                values.Clear();
                break;
            case InitKind.Ones:
                values.Fill(1);
                break;
            case InitKind.Normal:
                foreach (ref var value in values)
                {
                    // Box-Muller; 1 - u keeps the logarithm finite.
                    var radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
                    value = Scale * (float)(radius * Math.Cos(2 * Math.PI * random.NextDouble()));
                }

                break;
            case InitKind.Uniform:
                foreach (ref var value in values)
                {
                    value = Scale * ((2 * random.NextSingle()) - 1);
                }

                break;
            default:
                throw new InvalidOperationException($"init: unknown kind {Kind}");
        }
    }
}
