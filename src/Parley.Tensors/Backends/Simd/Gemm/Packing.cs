using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors;

/// <summary>Copies a strip of a matrix into the order in which a tile reads it.</summary>
internal static unsafe class Packing
{
    private const int Together = 128;
    private const int Ahead = 16;

    /// <summary>Lanes that <see cref="Strips"/> takes at one time, in strips of <paramref name="width"/>: whole strips, and few enough for the ways of a first-level cache.</summary>
    internal static int LanesTogether(int width) => Together / width * width;

    /// <summary>Packs lanes into strips of <paramref name="width"/>, the first values of which lie <paramref name="stripFloats"/> floats apart.</summary>
    internal static void Strips(float* source, long laneStride, long depthStride, int lanes, int width, int depth, float* target, long stripFloats)
    {
        // Where lanes are neighbours, a step is a run of memory, and the next step is far away: strips one by one would take a few floats of every page.
        var whole = laneStride == 1 && depthStride != 1 && lanes >= width ? lanes / width : 0;
        var lane = 0;
        while (lane < whole * width)
        {
            var count = Math.Min(LanesTogether(width), (whole * width) - lane);
            var from = source + lane;
            for (var p = 0; p < depth; p++, from += depthStride)
            {
                var into = target + ((long)p * width);
                for (var i = 0; i < count; i += width, into += stripFloats)
                {
                    Prefetch.At(from + (Ahead * depthStride) + i);
                    Prefetch.At(from + (Ahead * depthStride) + i + 16);
                    Copy(from + i, into, width);
                }
            }

            lane += count;
            target += count / width * stripFloats;
        }

        for (; lane < lanes; lane += width, target += stripFloats)
        {
            Pack(source + (lane * laneStride), laneStride, depthStride, Math.Min(width, lanes - lane), width, depth, target);
        }
    }

    /// <summary>
    /// target[p, lane] = source[lane * laneStride + p * depthStride] for p below <paramref name="depth"/>; lanes from <paramref name="valid"/>
    /// to <paramref name="width"/> are zero. Width is a multiple of 2 and at least 4.
    /// </summary>
    internal static void Pack(float* source, long laneStride, long depthStride, int valid, int width, int depth, float* target)
    {
        if (valid < width)
        {
            new Span<float>(target, checked(width * depth)).Clear();
        }

        if (depthStride == 1 && valid >= 4)
        {
            // Groups of four lanes; the last group overlaps the one before when four does not divide the lanes.
            for (var lane = 0; lane < valid; lane += 4)
            {
                var first = Math.Min(lane, valid - 4);
                Transpose(source + first * laneStride, laneStride, depth, target + first, width);
            }
        }
        else if (laneStride == 1)
        {
            for (var p = 0; p < depth; p++, source += depthStride, target += width)
            {
                if (valid == width)
                {
                    Copy(source, target, width);
                }
                else
                {
                    new ReadOnlySpan<float>(source, valid).CopyTo(new Span<float>(target, valid));
                }
            }
        }
        else
        {
            for (var lane = 0; lane < valid; lane++)
            {
                var from = source + lane * laneStride;
                var to = target + lane;
                for (var p = 0; p < depth; p++)
                {
                    *to = *from;
                    from += depthStride;
                    to += width;
                }
            }
        }
    }

    // Too few floats for a call.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* source, float* target, int count)
    {
        if (Vector512.IsHardwareAccelerated && count == 32)
        {
            Vector512.Load(source).Store(target);
            Vector512.Load(source + 16).Store(target + 16);
            return;
        }

        var i = 0;
        for (; i <= count - 4; i += 4)
        {
            Vector128.Load(source + i).Store(target + i);
        }

        for (; i < count; i++)
        {
            target[i] = source[i];
        }
    }

    // Four lanes along depth, four steps at a time:
    //   a0 a1 a2 a3        a0 b0 c0 d0
    //   b0 b1 b2 b3   ->   a1 b1 c1 d1
    //   c0 c1 c2 c3        a2 b2 c2 d2
    //   d0 d1 d2 d3        a3 b3 c3 d3
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* source, long laneStride, int depth, float* target, int width)
    {
        var a = source;
        var b = a + laneStride;
        var c = b + laneStride;
        var d = c + laneStride;
        var p = 0;
        for (; p <= depth - 4; p += 4)
        {
            var (x, y, z, w) = (Vector128.Load(a + p), Vector128.Load(b + p), Vector128.Load(c + p), Vector128.Load(d + p));
            var (xyLow, xyHigh) = (Low(x, y).AsDouble(), High(x, y).AsDouble());
            var (zwLow, zwHigh) = (Low(z, w).AsDouble(), High(z, w).AsDouble());
            Low(xyLow, zwLow).AsSingle().Store(target);
            High(xyLow, zwLow).AsSingle().Store(target + width);
            Low(xyHigh, zwHigh).AsSingle().Store(target + 2 * width);
            High(xyHigh, zwHigh).AsSingle().Store(target + 3 * width);
            target += 4 * width;
        }

        for (; p < depth; p++)
        {
            Vector128.Create(a[p], b[p], c[p], d[p]).Store(target);
            target += width;
        }
    }

    // x0 y0 x1 y1
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported ? Sse.UnpackLow(x, y) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(x, y) : Vector128.Create(x[0], y[0], x[1], y[1]);

    // x2 y2 x3 y3
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported ? Sse.UnpackHigh(x, y) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(x, y) : Vector128.Create(x[2], y[2], x[3], y[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> Low(Vector128<double> x, Vector128<double> y) =>
        Sse2.IsSupported ? Sse2.UnpackLow(x, y) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(x, y) : Vector128.Create(x[0], y[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> High(Vector128<double> x, Vector128<double> y) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(x, y) : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(x, y) : Vector128.Create(x[1], y[1]);
}
