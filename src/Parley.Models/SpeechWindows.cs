namespace Parley.Models;

/// <summary>Packs stretches of speech into windows that begin and end in silence.</summary>
internal static class SpeechWindows
{
    // Loudness is that of a tenth of a second.
    private const int Loudness = 10;

    /// <summary>Joins neighbouring stretches as long as they fit one window; one that is too long by itself is cut where it is quietest.</summary>
    /// <param name="speech">Stretches in frames, in order.</param>
    /// <param name="most">Frames a window holds.</param>
    /// <param name="samples">The recording.</param>
    /// <param name="hop">Samples of a frame.</param>
    public static List<(int Start, int End)> Pack(IReadOnlyList<(int Start, int End)> speech, int most, ReadOnlySpan<float> samples, int hop)
    {
        var windows = new List<(int Start, int End)>();
        foreach (var (start, end) in speech)
        {
            if (end <= start)
            {
                continue;
            }

            if (windows.Count > 0 && (long)end - windows[^1].Start <= most)
            {
                windows[^1] = (windows[^1].Start, end);
                continue;
            }

            var from = start;
            while ((long)end - from > most)
            {
                // In the second half of the window, so that windows stay long.
                var cut = Quietest(samples, from + ((most + 1) / 2), from + most, hop);
                windows.Add((from, cut));
                from = cut;
            }

            windows.Add((from, end));
        }

        return windows;
    }

    /// <summary>The frame from <paramref name="earliest"/> to <paramref name="latest"/> around which there is least energy; of equals the last.</summary>
    private static int Quietest(ReadOnlySpan<float> samples, int earliest, int latest, int hop)
    {
        var (best, least) = (latest, double.PositiveInfinity);
        var energies = new double[latest - earliest + Loudness];
        for (var i = 0; i < energies.Length; i++)
        {
            var start = (int)Math.Clamp((earliest + i - (Loudness / 2L)) * hop, 0, samples.Length);
            foreach (var sample in samples.Slice(start, Math.Min(hop, samples.Length - start)))
            {
                energies[i] += sample * sample;
            }
        }

        for (var frame = latest; frame >= earliest; frame--)
        {
            var energy = 0.0;
            for (var i = 0; i < Loudness; i++)
            {
                energy += energies[frame - earliest + i];
            }

            if (energy < least)
            {
                (best, least) = (frame, energy);
            }
        }

        return best;
    }
}
