namespace Parley.Nn;

/// <summary>One forward pass in training: layers that get one drop out and update their statistics; without one they only compute.</summary>
/// <remarks>Every random draw of a pass comes from its seed, so a pass can be repeated exactly. SplitMix64 (Steele et al. 2014).</remarks>
public sealed class TrainingPass(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next seed: for a dropout, or for a pass within this one that is computed twice.</summary>
    public ulong NextSeed() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>A seed that depends on both numbers.</summary>
    public static ulong Seed(ulong seed, ulong index) => Mix(Mix(seed + 0x9E3779B97F4A7C15) ^ index);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
