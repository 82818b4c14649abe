using System.Numerics;
using System.Runtime.InteropServices;

namespace Parley.Audio;

/// <summary>Cuts frames out of a signal, one into each lane: vector t holds sample t of several frames.</summary>
internal static class LaneFrames
{
    public static int Lanes => Vector<float>.Count;

    /// <summary>Frames [length] from sample start + lane * hop of a signal that is taken as zero from its end to total; what is outside [0, total) is padded.</summary>
    public static void Fill(ReadOnlySpan<float> signal, long total, long start, int hop, int length, int frames, PadMode pad, Span<Vector<float>> target, float[] edge)
    {
        var flat = MemoryMarshal.Cast<Vector<float>, float>(target)[..(length * Lanes)];
        for (var lane = 0; lane < Lanes; lane++)
        {
            var at = start + (long)lane * hop;
            ReadOnlySpan<float> frame;
            if (lane >= frames)
            {
                edge.AsSpan(0, length).Clear();
                frame = edge.AsSpan(0, length);
            }
            else if (at >= 0 && at + length <= signal.Length)
            {
                frame = signal.Slice((int)at, length);
            }
            else
            {
                Edge(signal, total, at, pad, edge.AsSpan(0, length));
                frame = edge.AsSpan(0, length);
            }

            for (int t = 0, to = lane; t < frame.Length && to < flat.Length; t++, to += Lanes)
            {
                flat[to] = frame[t];
            }
        }
    }

    private static void Edge(ReadOnlySpan<float> signal, long total, long at, PadMode pad, Span<float> frame)
    {
        for (var t = 0; t < frame.Length; t++)
        {
            var index = at + t;
            if (pad != PadMode.Zero && (index < 0 || index >= total))
            {
                // Mirrored again and again where the signal is shorter than the reach.
                var repeated = pad == PadMode.Symmetric ? 1 : 0;
                var period = Math.Max(1, 2 * (total - 1 + repeated));
                index = (index % period + period) % period;
                index = index >= total ? period - repeated - index : index;
            }

            frame[t] = index >= 0 && index < signal.Length ? signal[(int)index] : 0;
        }
    }
}
