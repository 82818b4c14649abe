namespace Parley.Audio;

/// <summary>Mean and variance normalisation, and the changes of features over time.</summary>
public static class Cmvn
{
    /// <summary>Subtracts from each column of [frames, columns] its mean over all frames, in place.</summary>
    public static void SubtractMean(Span<float> values, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        var frames = values.Length / columns;
        for (var c = 0; c < columns; c++)
        {
            var sum = 0.0;
            for (var f = 0; f < frames; f++)
            {
                sum += values[f * columns + c];
            }

            var mean = frames == 0 ? 0 : (float)(sum / frames);
            for (var f = 0; f < frames; f++)
            {
                values[f * columns + c] -= mean;
            }
        }
    }

    /// <summary>Normalises each bin over all frames to zero mean and, when asked for, unit variance.</summary>
    public static FeatureMatrix Normalize(FeatureMatrix features, bool variance = true)
    {
        ArgumentNullException.ThrowIfNull(features);
        return Sliding(features, Math.Max(1, features.Frames) * 2 + 1, 1, centered: true, variance);
    }

    /// <summary>Normalises each frame by the mean, and variance when asked for, of a window of frames around (centred) or before it.</summary>
    /// <remarks>kaldi-asr/kaldi:src/feat/feature-functions.cc SlidingWindowCmn: at the ends the window is moved, not cut.</remarks>
    public static FeatureMatrix Sliding(FeatureMatrix features, int window = 600, int minWindow = 100, bool centered = false, bool variance = false)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        var source = features.As(FeatureLayout.FramesFirst);
        var (frames, bins) = (source.Frames, source.Bins);
        var result = new float[source.Values.Length];
        var (sum, squares) = (new double[bins], new double[bins]);
        var (from, to) = (0, 0);
        for (var f = 0; f < frames; f++)
        {
            var (start, end) = Window(f, frames, window, minWindow, centered);
            for (; to < end; to++)
            {
                Add(source.Values.AsSpan(to * bins, bins), 1, sum, squares);
            }

            for (; from < start; from++)
            {
                Add(source.Values.AsSpan(from * bins, bins), -1, sum, squares);
            }

            var count = end - start;
            for (var b = 0; b < bins; b++)
            {
                var mean = sum[b] / count;
                var spread = Math.Max(squares[b] / count - mean * mean, 1e-20);
                var value = source.Values[f * bins + b] - mean;
                result[f * bins + b] = (float)(!variance ? value : count == 1 ? 0 : value / Math.Sqrt(spread));
            }
        }

        return new FeatureMatrix(result, frames, bins, FeatureLayout.FramesFirst).As(features.Layout);
    }

    /// <summary>Slopes over time of each bin: a regression over a window of frames, the ends repeated.</summary>
    /// <remarks>The HTK book, section 5.9; torchaudio.functional.compute_deltas.</remarks>
    public static FeatureMatrix Deltas(FeatureMatrix features, int window = 5)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (window < 3 || window % 2 == 0)
        {
            throw new ArgumentException($"deltas: a window of {window} frames; 3, 5, 7 and so on are possible", nameof(window));
        }

        var source = features.As(FeatureLayout.BinsFirst);
        var result = new float[source.Values.Length];
        var reach = (window - 1) / 2;
        var scale = 3.0 / (reach * (reach + 1.0) * (2 * reach + 1));
        for (var b = 0; b < source.Bins; b++)
        {
            var row = source.Values.AsSpan(b * source.Frames, source.Frames);
            for (var f = 0; f < row.Length; f++)
            {
                var sum = 0.0;
                for (var d = 1; d <= reach; d++)
                {
                    sum += d * ((double)row[Math.Min(row.Length - 1, f + d)] - row[Math.Max(0, f - d)]);
                }

                result[b * source.Frames + f] = (float)(sum * scale);
            }
        }

        return new FeatureMatrix(result, source.Frames, source.Bins, FeatureLayout.BinsFirst).As(features.Layout);
    }

    private static (int Start, int End) Window(int frame, int frames, int window, int minWindow, bool centered)
    {
        var start = centered ? frame - window / 2 : frame - window;
        var end = centered ? start + window : frame + 1;
        if (start < 0)
        {
            (start, end) = (0, end - start);
        }

        if (!centered && end > frame)
        {
            end = Math.Max(frame + 1, minWindow);
        }

        return end > frames ? (Math.Max(0, start - (end - frames)), frames) : (start, end);
    }

    private static void Add(ReadOnlySpan<float> row, int sign, double[] sum, double[] squares)
    {
        for (var b = 0; b < row.Length; b++)
        {
            sum[b] += sign * row[b];
            squares[b] += sign * (double)row[b] * row[b];
        }
    }
}
