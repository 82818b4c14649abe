using System.Numerics;
using System.Runtime.InteropServices;

namespace Parley.Audio;

/// <summary>Features of a signal: one number for each frame and bin, [bins, frames] or [frames, bins] by its layout.</summary>
public sealed record FeatureMatrix(float[] Values, int Frames, int Bins, FeatureLayout Layout)
{
    /// <summary>The number at one frame and bin.</summary>
    public float this[int frame, int bin] => Layout == FeatureLayout.BinsFirst ? Values[bin * Frames + frame] : Values[frame * Bins + bin];

    /// <summary>The same numbers in a layout; itself when it has that one.</summary>
    public FeatureMatrix As(FeatureLayout layout)
    {
        if (layout == Layout)
        {
            return this;
        }

        var (rows, columns) = Layout == FeatureLayout.BinsFirst ? (Bins, Frames) : (Frames, Bins);
        var turned = new float[Values.Length];
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                turned[c * rows + r] = Values[r * columns + c];
            }
        }

        return new FeatureMatrix(turned, Frames, Bins, layout);
    }

    /// <summary>Stores vectors [bins], a frame in each lane, into [bins, frames].</summary>
    internal static void StoreBinsFirst(ReadOnlySpan<Vector<float>> lanes, Span<float> values, int frames, int first, int count)
    {
        for (var k = 0; k < lanes.Length; k++)
        {
            var row = values.Slice(k * frames + first, count);
            if (count == Vector<float>.Count)
            {
                lanes[k].CopyTo(row);
                continue;
            }

            for (var lane = 0; lane < row.Length; lane++)
            {
                row[lane] = lanes[k][lane];
            }
        }
    }

    /// <summary>Stores vectors [bins], a frame in each lane, into columns from an offset of [frames, width].</summary>
    internal static void StoreFramesFirst(ReadOnlySpan<Vector<float>> lanes, Span<float> values, int width, int offset, int first, int count)
    {
        var flat = MemoryMarshal.Cast<Vector<float>, float>(lanes);
        for (var lane = 0; lane < count; lane++)
        {
            var row = values.Slice((first + lane) * width + offset, lanes.Length);
            for (int k = 0, at = lane; k < row.Length; k++, at += Vector<float>.Count)
            {
                row[k] = flat[at];
            }
        }
    }
}
