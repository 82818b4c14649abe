namespace Parley.Models;

/// <summary>Packs stretches of speech into windows that begin and end in silence.</summary>
internal static class SpeechWindows
{
    /// <summary>Joins neighbouring stretches as long as they fit one window; one that is too long by itself is cut into equal parts.</summary>
    /// <param name="speech">Stretches in frames, in order.</param>
    /// <param name="most">Frames a window holds.</param>
    public static List<(int Start, int End)> Pack(IReadOnlyList<(int Start, int End)> speech, int most)
    {
        var windows = new List<(int Start, int End)>();
        foreach (var (start, end) in speech)
        {
            if (end <= start)
            {
                continue;
            }

            if (windows.Count > 0 && end - windows[^1].Start <= most)
            {
                windows[^1] = (windows[^1].Start, end);
                continue;
            }

            var parts = (end - start + most - 1) / most;
            for (var part = 0; part < parts; part++)
            {
                windows.Add((start + (int)((long)(end - start) * part / parts), start + (int)((long)(end - start) * (part + 1) / parts)));
            }
        }

        return windows;
    }
}
