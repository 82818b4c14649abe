using System.Numerics;

namespace Parley.Tensors;

/// <summary>Rows read and written in steps, those of 2 in whole registers: strides of the convolutions that halve a rate.</summary>
internal static unsafe class EverySecond
{
    /// <summary>to[i] = from[i · step]; reads nothing past the last of them.</summary>
    internal static void Read(float* from, long step, float* to, long count)
    {
        if (step == 1)
        {
            Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float));
            return;
        }

        var i = 0L;
        if (step == 2)
        {
            // A pair of floats is one long whose low half is the first; the second register of pairs ends one float past the last that is wanted.
            var wide = Vector<float>.Count;
            for (; i < count - wide; i += wide)
            {
                var (first, second) = (Vector.Load((ulong*)(from + (2 * i))), Vector.Load((ulong*)(from + (2 * i) + wide)));
                Vector.Narrow(first, second).As<uint, float>().Store(to + i);
            }
        }

        for (; i < count; i++)
        {
            to[i] = from[i * step];
        }
    }

    /// <summary>to[i · step] += from[i].</summary>
    internal static void Add(float* from, float* to, long step, long count)
    {
        var i = 0L;
        if (step == 2)
        {
            var wide = Vector<float>.Count;
            for (; i < count - wide; i += wide)
            {
                // What lies between gets 0 added.
                Vector.Widen(Vector.Load((uint*)(from + i)), out var first, out var second);
                var target = to + (2 * i);
                (Vector.Load(target) + first.As<ulong, float>()).Store(target);
                (Vector.Load(target + wide) + second.As<ulong, float>()).Store(target + wide);
            }
        }

        for (; i < count; i++)
        {
            to[i * step] += from[i];
        }
    }
}
