namespace Parley.Decoding;

/// <summary>Replaces every value by the median of those around it; the row is mirrored at its ends.</summary>
public static class MedianFilter
{
    /// <summary>Filters one row in place; rows too short to be mirrored stay as they are.</summary>
    /// <param name="row">[time].</param>
    /// <param name="width">Odd number of neighbours, the value itself included.</param>
    public static void Apply(Span<float> row, int width)
    {
        if (width < 1 || width % 2 == 0)
        {
            throw new ArgumentException($"median filter: width {width} must be odd", nameof(width));
        }

        var half = width / 2;
        if (row.Length <= half)
        {
            return;
        }

        var source = row.ToArray();
        var window = new float[width];
        for (var t = 0; t < row.Length; t++)
        {
            for (var i = 0; i < width; i++)
            {
                var at = Math.Abs(t + i - half);
                window[i] = source[at < source.Length ? at : (2 * (source.Length - 1)) - at];
            }

            Array.Sort(window);
            row[t] = window[half];
        }
    }
}
