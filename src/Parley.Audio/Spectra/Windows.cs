namespace Parley.Audio;

/// <summary>Analysis windows.</summary>
public static class Windows
{
    /// <summary>A window [length]; a periodic one is the first length of a symmetric one that is a sample longer.</summary>
    public static float[] Make(WindowKind kind, int length, bool periodic = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        var window = new float[length];
        var span = periodic ? length : length - 1;
        for (var t = 0; t < length; t++)
        {
            var cosine = span == 0 ? -1 : Math.Cos(2 * Math.PI * t / span);
            window[t] = (float)(kind switch
            {
                WindowKind.Hann => 0.5 - 0.5 * cosine,
                WindowKind.Hamming => 0.54 - 0.46 * cosine,
                WindowKind.Povey => Math.Pow(0.5 - 0.5 * cosine, 0.85),
                WindowKind.Blackman => 0.42 - 0.5 * cosine + 0.08 * (2 * cosine * cosine - 1),
                WindowKind.Rectangular => 1,
                _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "window: no such shape"),
            });
        }

        return window;
    }
}
